using static LoadBalancer.Placement.Wording;

namespace LoadBalancer.Placement;

/// <summary>
/// The shortest expected time to a good result: what the run is predicted to take, more where runs fail because of the worker, and less
/// where the prediction is unsure, so that who was measured first does not win for ever. It keeps nothing free for others and never
/// waits: a fast worker is used by whatever comes first.
/// </summary>
internal sealed class PerformanceBasedPolicy : ScoringPolicy
{
    private const int Run = 0;
    private const int Optimism = 1;
    private const int Risk = 2;
    private const int Prepare = 3;
    private const int Load = 4;
    private const int Preference = 5;

    private static readonly string[] Parts = ["run", "optimism", "risk", "prepare", "load", "preference"];

    public override string Name => PolicyNames.PerformanceBased;

    public override CostTable Weigh(PlacementContext context)
    {
        var candidates = context.Candidates;
        var costs = new CostTable(Parts, candidates.Count);
        var surest = Prospect.SurestVariance(candidates);
        var saved = Prospect.MostSaved(candidates);
        for (var i = 0; i < candidates.Count; i++)
        {
            var candidate = candidates[i];
            var run = Prospect.Run(candidate);
            var optimism = Prospect.Optimism(run, candidate, surest);
            costs[i, Run] = run;
            costs[i, Optimism] = optimism;
            costs[i, Risk] = Prospect.Risk(run + optimism, candidate);
            costs[i, Prepare] = saved - candidate.Saved.TotalSeconds;
            costs[i, Load] = run * LoadWeight * candidate.Fit.Load;
            costs[i, Preference] = Prospect.Preference(run, candidate, context.Demand);
        }

        return costs;
    }

    protected override string ReasonFor(PlacementContext context, int candidate, int place)
    {
        var chosen = context.Candidates[candidate];
        var failures = chosen.FailureExcess > 0 ? $", failing {Number(chosen.FailureExcess * 100)} % more often than elsewhere" : "";
        return $"expected to take {Seconds(chosen.Predicted.P50)} here{failures}";
    }
}
