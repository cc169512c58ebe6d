namespace LoadBalancer.Cli.Simulation;

/// <summary>From what happened to its figures.</summary>
internal static class Summarizing
{
    /// <summary>Figures are rounded to this many decimals, microseconds for times: what follows is the noise of sums.</summary>
    private const int Decimals = 6;

    public static Summary Of(SimulationResult result, bool timing)
    {
        var executed = result.Runs.Where(run => run.FirstStart is not null).ToList();
        var waits = executed.Select(run => (run.FirstStart!.Value - run.Traced.At).TotalSeconds).Order().ToArray();
        var plans = result.PlanTimes.Select(step => step.TotalMilliseconds).Order().ToArray();
        var makespan = Makespan(result).TotalSeconds;
        var bound = LowerBound.Of(BoundProblem.Of(result));
        var forecasts = ForecastErrors.Of(result);
        return new Summary
        {
            Policy = result.Policy,
            Runs = result.Runs.Count,
            Completed = result.Runs.Count(run => run.State is RunState.Completed),
            Failed = result.Runs.Count(run => run.State is RunState.Failed),
            Unschedulable = result.Runs.Count(run => run.State is RunState.Unschedulable),
            MakespanSeconds = Rounded(makespan),
            LowerBoundSeconds = Rounded(bound),
            Ratio = bound > 0 ? Rounded(makespan / bound) : null,
            MeanCompletionSeconds = Rounded(CompletionSeconds(result).DefaultIfEmpty().Average()),
            P50WaitSeconds = Rounded(Percentile.Of(waits, 0.5)),
            P95WaitSeconds = Rounded(Percentile.Of(waits, 0.95)),
            P99WaitSeconds = Rounded(Percentile.Of(waits, 0.99)),
            MaxWaitSeconds = Rounded(Percentile.Of(waits, 1)),
            Utilisation = Rounded(Utilisation.Of(result)),
            JainFairness = Rounded(Fairness.Of(result, FirstArrival(result) + (Makespan(result) / 2))),
            MeanAbsoluteLogError = Rounded(forecasts.MeanAbsoluteLogError),
            Coverage90 = Rounded(forecasts.Coverage90),
            Decisions = result.Decisions,
            PlannerMilliseconds = timing ? Rounded(result.PlannerTime.TotalMilliseconds) : null,
            DecisionsPerSecond = timing ? Rounded(DecisionsPerSecond(result)) : null,
            P99PlanMilliseconds = timing ? Rounded(Percentile.Of(plans, 0.99)) : null,
        };
    }

    /// <summary>Zero where nothing was executed.</summary>
    public static TimeSpan Makespan(SimulationResult result) =>
        result.Attempts.Count == 0 ? TimeSpan.Zero : result.Attempts.Max(attempt => attempt.End) - FirstArrival(result);

    private static TimeSpan FirstArrival(SimulationResult result) => result.Runs.Min(run => run.Traced.At);

    /// <summary>From submissions to last ends: a run may be given up long after that.</summary>
    private static IEnumerable<double> CompletionSeconds(SimulationResult result) =>
        result.Attempts.GroupBy(attempt => attempt.Run).Select(run => (run.Max(attempt => attempt.End) - run.Key.Traced.At).TotalSeconds);

    private static double DecisionsPerSecond(SimulationResult result) =>
        result.PlannerTime > TimeSpan.Zero ? result.Decisions / result.PlannerTime.TotalSeconds : 0;

    private static double Rounded(double value) => Math.Round(value, Decimals);

    private static double? Rounded(double? value) => value is { } number ? Rounded(number) : null;
}

/// <summary>Nearest rank: the smallest value that this share of all does not exceed.</summary>
internal static class Percentile
{
    /// <param name="sorted">In ascending order; of none the answer is 0.</param>
    /// <param name="share">Above 0, up to 1.</param>
    public static double Of(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Max((int)Math.Ceiling(share * sorted.Length) - 1, 0)];
}
