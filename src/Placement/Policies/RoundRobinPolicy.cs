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

    public PolicyChoice Choose(PlacementContext context)
    {
        var turns = new double[context.Candidates.Count];
        for (var i = 0; i < turns.Length; i++)
            turns[i] = context.Candidates[i].LastTurn;

        var ranked = Ranking.Cheapest(turns);
        return new PolicyChoice(Array.ConvertAll(ranked, candidate => Ranked(context.Candidates[candidate], candidate == ranked[0])));
    }

    private static RankedWorker Ranked(Candidate candidate, bool chosen)
    {
        var since = candidate.LastTurn == 0 ? "never chosen before" : $"last chosen in decision {candidate.LastTurn}";
        return new RankedWorker(candidate.Worker.WorkerId, NoScore, chosen ? $"its turn: {since}" : $"later in turn: {since}");
    }
}
