namespace LoadBalancer.Placement;

/// <summary>What a run can expect of a candidate, in seconds.</summary>
internal static class Prospect
{
    /// <summary>To fail more often than this is taken as this: twenty attempts to one success are reason enough to go elsewhere.</summary>
    private const double MostFailures = 0.95;

    /// <summary>As likely as not it has ended by then.</summary>
    public static double Run(Candidate candidate) => candidate.Predicted.P50.TotalSeconds;

    /// <summary>
    /// What attempts that fail because of the worker add to the time of one attempt: if each of them fails with probability f, a success
    /// takes 1 / (1 - f) of them on average (mean of the geometric distribution), which is f / (1 - f) more than one.
    /// </summary>
    /// <param name="run">Seconds of one attempt.</param>
    /// <param name="candidate">Where it would run.</param>
    public static double Risk(double run, Candidate candidate)
    {
        var failures = Math.Clamp(candidate.FailureExcess, 0, MostFailures);
        return run * failures / (1 - failures);
    }

    /// <summary>
    /// How much shorter, as a negative cost, the run may well be than predicted. A lower confidence bound (Lai and Robbins, 1985, "optimism
    /// in the face of uncertainty") of one standard deviation, of that part of the spread which the surest prediction does not have: run
    /// times scatter on every worker, so what all have in common is no doubt about this one.
    /// </summary>
    /// <param name="run">Seconds of the run.</param>
    /// <param name="candidate">Where it would run.</param>
    /// <param name="surestVariance">Of all candidates.</param>
    public static double Optimism(double run, Candidate candidate, double surestVariance) =>
        run * (Math.Exp(-Math.Sqrt(Variance(candidate) - surestVariance)) - 1);

    public static double SurestVariance(IReadOnlyList<Candidate> candidates)
    {
        var least = double.PositiveInfinity;
        for (var i = 0; i < candidates.Count; i++)
            least = Math.Min(least, Variance(candidates[i]));

        return least;
    }

    private static double Variance(Candidate candidate) => candidate.Predicted.LogSpread * candidate.Predicted.LogSpread;

    /// <summary>To have its preferred backend, a run may take this part longer.</summary>
    private const double PreferenceWeight = 0.1;

    /// <summary>What the lack of the preferred backend counts.</summary>
    /// <param name="run">Seconds of the run.</param>
    /// <param name="candidate">Where it would run.</param>
    /// <param name="demand">Who prefers it.</param>
    public static double Preference(double run, Candidate candidate, TestDemand demand) =>
        demand.Requirements.PreferredBackend is { Length: > 0 } backend && !candidate.Worker.Backends.Contains(backend, StringComparer.OrdinalIgnoreCase)
            ? run * PreferenceWeight
            : 0;

    /// <summary>What the worker that is best prepared for the run saves; 0 if none is.</summary>
    public static double MostSaved(IReadOnlyList<Candidate> candidates)
    {
        var most = 0.0;
        for (var i = 0; i < candidates.Count; i++)
            most = Math.Max(most, candidates[i].Saved.TotalSeconds);

        return most;
    }

    /// <summary>The shortest predicted time.</summary>
    public static double Fastest(IReadOnlyList<Candidate> candidates)
    {
        var fastest = double.PositiveInfinity;
        for (var i = 0; i < candidates.Count; i++)
            fastest = Math.Min(fastest, Run(candidates[i]));

        return fastest;
    }
}
