using static LoadBalancer.Placement.Wording;

namespace LoadBalancer.Placement;

/// <summary>
/// Where the run is expected to end first. All candidates could start it at once, so that is where it is predicted to take least. What a
/// placement would spoil is added in seconds, as a part of that time: near-equal predictions are decided by the fit, and only a clear
/// gain in speed may occupy rare devices with a run that does not need them. Without evidence all predictions are equal, and it is a
/// pull queue: any capable worker, the least versatile and least loaded first. It does not wait for a faster worker to become free.
/// </summary>
internal sealed class AdaptivePolicy : ScoringPolicy
{
    private const int Run = 0;
    private const int Scarcity = 1;
    private const int Preference = 2;
    private const int Load = 3;

    /// <summary>To leave the rarest ability free, a run may take this much longer.</summary>
    private const double ScarcityWeight = 0.2;

    /// <summary>To have its preferred backend, a run may take this much longer.</summary>
    private const double PreferenceWeight = 0.1;

    private static readonly string[] Parts = ["run", "scarcity", "preference", "load"];

    public override string Name => PolicyNames.Adaptive;

    public override CostTable Weigh(PlacementContext context)
    {
        var candidates = context.Candidates;
        var costs = new CostTable(Parts, candidates.Count);
        var preferred = context.Demand.Requirements.PreferredBackend;
        for (var i = 0; i < candidates.Count; i++)
        {
            var candidate = candidates[i];
            var run = Prospect.Run(candidate);
            costs[i, Run] = run;
            costs[i, Scarcity] = run * ScarcityWeight * candidate.Fit.Scarcity;
            costs[i, Preference] = Has(candidate.Worker, preferred) ? 0 : run * PreferenceWeight;
            costs[i, Load] = run * LoadWeight * candidate.Fit.Load;
        }

        return costs;
    }

    protected override string ReasonFor(PlacementContext context, int candidate, int place)
    {
        var others = context.Candidates.Count == 1 ? "the only one free" : $"best of {context.Candidates.Count} free";
        return $"expected to take {Seconds(context.Candidates[candidate].Predicted.P50)} here, {others}";
    }

    private static bool Has(WorkerProfile worker, string? backend) =>
        string.IsNullOrEmpty(backend) || worker.Backends.Contains(backend, StringComparer.OrdinalIgnoreCase);
}
