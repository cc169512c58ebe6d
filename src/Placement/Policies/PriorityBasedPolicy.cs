using static LoadBalancer.Placement.Wording;

namespace LoadBalancer.Placement;

/// <summary>
/// Who matters gets the best worker: priorities 1 and 2 go where they end first, 4 and 5 leave the faster and dearer workers to others, 3
/// is in between. The less a run matters, the longer it takes; which run goes first is not decided here.
/// </summary>
/// <remarks>
/// Each run costs its own seconds and those that others lose by it. Were every candidate but one taken by a run like this, the others
/// together would lose what this worker is faster than the slowest; where the planner knows better, its price says so. How much others
/// count against the run itself is set by the priority.
/// </remarks>
internal sealed class PriorityBasedPolicy : ScoringPolicy
{
    private const int Run = 0;
    private const int Risk = 1;
    private const int Prepare = 2;
    private const int Others = 3;
    private const int Scarcity = 4;
    private const int Load = 5;
    private const int Preference = 6;

    /// <summary>A worker that is slower than the fastest by more than this is not taken to leave the fastest to others.</summary>
    private const double SlowestByFastest = 4;

    /// <summary>To leave the rarest ability free, a run that counts as much as others may take this much longer.</summary>
    private const double ScarcityWeight = 0.2;

    /// <summary>Between workers that are otherwise alike, an important run too takes the less able one.</summary>
    private const double LeastScarcityWeight = 0.01;

    private static readonly string[] Parts = ["run", "risk", "prepare", "others", "scarcity", "load", "preference"];

    public override string Name => PolicyNames.PriorityBased;

    public override CostTable Weigh(PlacementContext context)
    {
        var candidates = context.Candidates;
        var costs = new CostTable(Parts, candidates.Count);
        var weight = WeightOfOthers(context.Demand.Priority);
        var saved = Prospect.MostSaved(candidates);
        var (slowest, cheapest) = LeastAble(candidates);
        for (var i = 0; i < candidates.Count; i++)
        {
            var candidate = candidates[i];
            var run = Prospect.Run(candidate);
            var lead = Math.Max(0, slowest - run);
            costs[i, Run] = run;
            costs[i, Risk] = Prospect.Risk(run, candidate);
            costs[i, Prepare] = saved - candidate.Saved.TotalSeconds;
            costs[i, Others] = weight * Math.Max(lead, run * (candidate.Price - cheapest));
            costs[i, Scarcity] = run * candidate.Fit.Scarcity * (LeastScarcityWeight + (ScarcityWeight * weight));
            costs[i, Load] = run * LoadWeight * candidate.Fit.Load;
            costs[i, Preference] = Prospect.Preference(run, candidate, context.Demand);
        }

        return costs;
    }

    protected override string ReasonFor(PlacementContext context, int candidate, int place)
    {
        var priority = context.Demand.Priority;
        var time = Seconds(context.Candidates[candidate].Predicted.P50);
        return WeightOfOthers(priority) switch
        {
            0 => $"priority {priority} goes where it ends first: {time} here",
            < 1 => $"priority {priority} weighs its own {time} here against what others lose",
            _ => $"priority {priority} leaves the better workers to others: {time} here",
        };
    }

    /// <summary>What a second of others counts against one of the run: at 1 the slowest and the fastest worker would be equal.</summary>
    private static double WeightOfOthers(int priority) => priority switch
    {
        <= 2 => 0,
        3 => 0.5,
        4 => 1.5,
        _ => 2,
    };

    /// <summary>The seconds of the slowest that is not too slow, and the lowest price.</summary>
    private static (double Slowest, double Cheapest) LeastAble(IReadOnlyList<Candidate> candidates)
    {
        var (slowest, cheapest) = (0.0, double.PositiveInfinity);
        for (var i = 0; i < candidates.Count; i++)
        {
            slowest = Math.Max(slowest, Prospect.Run(candidates[i]));
            cheapest = Math.Min(cheapest, candidates[i].Price);
        }

        return (Math.Min(slowest, Prospect.Fastest(candidates) * SlowestByFastest), cheapest);
    }
}
