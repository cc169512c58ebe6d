namespace LoadBalancer.Placement;

/// <summary>
/// Every worker in its turn: of those that can take the run, the one this policy chose least recently. Turns belong to workers, not to
/// places in a list of candidates, so neither mixed requirements nor joining and leaving workers skew it. It is blind to speed: with
/// unlike workers the slow ones decide when everything is done.
/// </summary>
internal sealed class RoundRobinPolicy : IPlacementPolicy
{
    private static readonly IReadOnlyDictionary<string, double> NoScore = new Dictionary<string, double>();

    public string Name => PolicyNames.RoundRobin;

    public PolicyChoice Choose(PlacementContext context) =>
        new([.. Ranking.Cheapest(context.Candidates, candidate => candidate.LastTurn).Select(Ranked)]);

    private static RankedWorker Ranked(Candidate candidate, int place)
    {
        var since = candidate.LastTurn == 0 ? "never chosen before" : $"last chosen in decision {candidate.LastTurn}";
        return new RankedWorker(candidate.Worker.WorkerId, NoScore, place == 0 ? $"its turn: {since}" : $"later in turn: {since}");
    }
}
