namespace LoadBalancer.Placement;

/// <summary>
/// A policy that says of every candidate what it costs, in seconds; the cheapest is chosen, and between equals chance decides. Texts and
/// scores are made only for the few that are in the answer.
/// </summary>
internal abstract class ScoringPolicy : IPlacementPolicy
{
    /// <summary>Between workers that are otherwise alike, the one with more to spare; more would decide against what matters.</summary>
    protected const double LoadWeight = 0.01;

    public abstract string Name { get; }

    public PolicyChoice Choose(PlacementContext context)
    {
        var costs = Weigh(context);
        var ranked = Ranking.Cheapest(costs.Totals(), context.Random);
        if (WaitFor(context, ranked[0]) is { } later)
            return new PolicyChoice([]) { WaitFor = later };

        var answer = new RankedWorker[ranked.Length];
        for (var place = 0; place < ranked.Length; place++)
        {
            var candidate = ranked[place];
            answer[place] = new RankedWorker(
                context.Candidates[candidate].Worker.WorkerId, costs.ByPart(candidate), ReasonFor(context, candidate, place));
        }

        return new PolicyChoice(answer);
    }

    /// <summary>What every candidate costs, in their order.</summary>
    public abstract CostTable Weigh(PlacementContext context);

    /// <summary>One short sentence for an operator; asked for the four best only, the best at place 0.</summary>
    protected abstract string ReasonFor(PlacementContext context, int candidate, int place);

    /// <summary>A busy worker that is worth waiting for; null to take the cheapest candidate now.</summary>
    protected virtual LaterWorker? WaitFor(PlacementContext context, int cheapest) => null;
}
