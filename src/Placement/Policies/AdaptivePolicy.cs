using static LoadBalancer.Placement.Wording;

namespace LoadBalancer.Placement;

/// <summary>
/// Where the run is expected to end first, and what it costs the others that it runs there. If nothing else waits, that is where it is
/// predicted to take least, or, if a busy worker would have it done earlier still, it waits for that one. The more waits, the more counts
/// what a second of each worker is worth to all that waits, and the less is tried out of which little is known. Rare abilities are left
/// free by runs that do not need them, for what may come.
/// Without evidence all predictions are equal, and it is a pull queue: any capable worker, the least versatile and least loaded first.
/// </summary>
internal sealed class AdaptivePolicy : ScoringPolicy
{
    private const int Run = 0;
    private const int Contention = 1;
    private const int Scarcity = 2;
    private const int Preference = 3;
    private const int Risk = 4;
    private const int Load = 5;
    private const int Optimism = 6;

    /// <summary>To leave the rarest ability free, a run may take this much longer.</summary>
    private const double ScarcityWeight = 0.2;

    /// <summary>Waiting for a busy worker must save a part of the time, since forecasts are not exact.</summary>
    private const double ClearlyEarlier = 0.9;

    private static readonly string[] Parts = ["run", "contention", "scarcity", "preference", "risk", "load", "optimism"];

    public override string Name => PolicyNames.Adaptive;

    public override CostTable Weigh(PlacementContext context)
    {
        var candidates = context.Candidates;
        var costs = new CostTable(Parts, candidates.Count);
        var surest = Prospect.SurestVariance(candidates);
        for (var i = 0; i < candidates.Count; i++)
        {
            var candidate = candidates[i];
            var run = Math.Max(0, Prospect.Run(candidate) - candidate.Saved.TotalSeconds);
            costs[i, Run] = run;
            costs[i, Contention] = run * context.Pressure * (candidate.Price - 1);
            costs[i, Scarcity] = run * ScarcityWeight * candidate.Fit.Scarcity;
            costs[i, Preference] = Prospect.Preference(run, candidate, context.Demand);
            costs[i, Risk] = run * candidate.FailureExcess;
            costs[i, Load] = run * LoadWeight * candidate.Fit.Load;
            costs[i, Optimism] = Prospect.Optimism(run, candidate, surest) * (1 - context.Pressure);
        }

        return costs;
    }

    protected override string ReasonFor(PlacementContext context, int candidate, int place)
    {
        var others = context.Candidates.Count == 1 ? "the only one free" : $"best of {context.Candidates.Count} free";
        return $"expected to take {Seconds(context.Candidates[candidate].Predicted.P50)} here, {others}";
    }

    /// <summary>
    /// A busy worker on which the run is expected to end clearly earlier than on the best free one, counted from when it began to wait. The
    /// more sought the worker is, the less of the gain counts: whoever waits for one that is never free anyway only takes from another what
    /// he gains, and has waited on top (Lin and Kumar 1984 on a slow server beside a fast one).
    /// </summary>
    protected override LaterWorker? WaitFor(PlacementContext context, int cheapest)
    {
        var best = context.Candidates[cheapest];
        var (soonest, until, surelyHere, chosen) = (DateTimeOffset.MaxValue, context.Now, TimeSpan.Zero, (LaterCandidate?)null);
        foreach (var later in context.Later)
        {
            // At equal certainty: the less is known of a worker, the more it must promise.
            var here = Effort(later.Predicted.P50 * (best.Predicted.P90 / later.Predicted.P90), best.Saved, best.FailureExcess);
            var effort = Effort(later.Predicted.P50, later.Saved, later.FailureExcess);
            var worth = ((here * ClearlyEarlier) - effort) * (1 - later.Sought);
            if (later.FreeAt + effort < soonest && context.Waited + (later.FreeAt - context.Now) < worth)
                (soonest, until, surelyHere, chosen) = (later.FreeAt + effort, context.Now + worth - context.Waited, here, later);
        }

        if (chosen is null)
            return null;

        var usualHere = Effort(best.Predicted.P50, best.Saved, best.FailureExcess);
        var onBest = surelyHere > usualHere ? $"as surely only in {Seconds(surelyHere)}" : $"in {Seconds(usualHere)}";
        return new LaterWorker(
            chosen.Worker.WorkerId,
            $"waits for {chosen.Worker.WorkerId}, free in {Seconds(chosen.FreeAt - context.Now)}: "
                + $"expected to be done in {Seconds(soonest - context.Now)} there, {onBest} on {best.Worker.WorkerId}")
        {
            Until = until,
        };
    }

    /// <summary>What the run takes where the worker is prepared for it, and where it may fail.</summary>
    internal static TimeSpan Effort(TimeSpan run, TimeSpan saved, double failures) => (run > saved ? run - saved : TimeSpan.Zero) * (1 + failures);
}
