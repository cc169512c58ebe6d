using static LoadBalancer.Placement.Wording;

namespace LoadBalancer.Placement;

/// <summary>
/// Where the run's workspace or model is prepared already, as long as that saves more seconds than the worker loses against the best
/// other one; otherwise the least loaded. It remembers nothing: what is prepared where is a fact of the workers. It does not look for
/// speed, so unlike workers that have prepared nothing are used alike.
/// </summary>
internal sealed class AffinityBasedPolicy : ScoringPolicy
{
    private const int Prepare = 0;
    private const int Slower = 1;
    private const int Crowding = 2;
    private const int Preference = 3;

    /// <summary>Speed decides between workers that have prepared nothing only if they are equally loaded.</summary>
    private const double SpeedWeight = 0.01;

    private static readonly string[] Parts = ["prepare", "slower", "crowding", "preference"];

    public override string Name => PolicyNames.AffinityBased;

    public override CostTable Weigh(PlacementContext context)
    {
        var candidates = context.Candidates;
        var costs = new CostTable(Parts, candidates.Count);
        var saved = Prospect.MostSaved(candidates);
        var (fastest, second) = FastestTwo(candidates);
        for (var i = 0; i < candidates.Count; i++)
        {
            var candidate = candidates[i];
            var run = Prospect.Run(candidate);
            var bestOther = run > fastest ? fastest : second;
            costs[i, Prepare] = saved - candidate.Saved.TotalSeconds;
            costs[i, Slower] = Math.Max(0, run - bestOther) * (candidate.Saved > TimeSpan.Zero ? 1 : SpeedWeight);
            costs[i, Crowding] = CrowdingAt(candidate.Fit.Load, fastest, saved);
            costs[i, Preference] = Prospect.Preference(run, candidate, context.Demand);
        }

        return costs;
    }

    protected override string ReasonFor(PlacementContext context, int candidate, int place)
    {
        var chosen = context.Candidates[candidate];
        var load = $"{Number(chosen.Fit.Load * 100)} % loaded";
        if (chosen.Saved > TimeSpan.Zero)
            return $"prepared for it, which saves {Seconds(chosen.Saved)}; {load}";

        return place == 0 && Prospect.MostSaved(context.Candidates) > 0
            ? $"{load}; preparing it here loses less than the workers that are prepared"
            : $"{load}, not prepared for it";
    }

    /// <summary>
    /// A full worker costs as much as preparing for the run elsewhere and running it again. So another worker is prepared before the one
    /// that is becomes full, and from then on there are two.
    /// </summary>
    private static double CrowdingAt(double load, double run, double saved) => load * (run + saved);

    /// <summary>Seconds of the fastest and of the next; the same twice if there is only one.</summary>
    private static (double Fastest, double Second) FastestTwo(IReadOnlyList<Candidate> candidates)
    {
        var (fastest, second) = (double.PositiveInfinity, double.PositiveInfinity);
        for (var i = 0; i < candidates.Count; i++)
        {
            var run = Prospect.Run(candidates[i]);
            second = Math.Min(second, Math.Max(run, fastest));
            fastest = Math.Min(fastest, run);
        }

        return (fastest, double.IsFinite(second) ? second : fastest);
    }
}
