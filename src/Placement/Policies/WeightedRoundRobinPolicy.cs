using static LoadBalancer.Placement.Wording;

namespace LoadBalancer.Placement;

/// <summary>
/// Turns in proportion to what each worker would get done: its free slots by its speed for this run, which is how many such runs they
/// would end per second. It spreads work as the fleet can bear it, and so gives slow workers their part too; who needs the single best
/// worker takes another policy.
/// </summary>
/// <remarks>
/// Smooth turns in the usual way count what each worker has had, and a policy keeps no count; the last turns alone do not tell it (weights
/// 3 and 2 would alternate). So the weights divide the line from 0 to 1 between the workers, and the turns walk over it in steps of the
/// golden section. That is the sequence that fills a line most evenly at every length (Kuipers and Niederreiter, Uniform Distribution of
/// Sequences, 1974, chapter 2, section 3), so any stretch of turns, not only a long one, is shared by weight to within about a turn. It
/// draws nothing: the same context gives the same choice with any seed.
/// </remarks>
internal sealed class WeightedRoundRobinPolicy : IPlacementPolicy
{
    /// <summary>1 / φ; each turn is this far along the line from the one before.</summary>
    private const double GoldenSection = 0.6180339887498949;

    /// <summary>A run that is predicted to take less is taken to last this long.</summary>
    private const double ShortestSeconds = 0.001;

    private static readonly IReadOnlyDictionary<string, double> NoScore = new Dictionary<string, double>();

    public string Name => PolicyNames.WeightedRoundRobin;

    public PolicyChoice Choose(PlacementContext context)
    {
        var candidates = context.Candidates;
        var shares = SharesOf(candidates);
        var order = Array.ConvertAll(shares, share => -share);
        order[At(PositionOf(Turn(candidates)), shares)] = double.NegativeInfinity;

        var ranked = Ranking.Cheapest(order);
        return new PolicyChoice(Array.ConvertAll(
            ranked, candidate => Ranked(candidates[candidate], shares[candidate], candidate == ranked[0])));
    }

    private static double[] SharesOf(IReadOnlyList<Candidate> candidates)
    {
        var shares = new double[candidates.Count];
        var sum = 0.0;
        for (var i = 0; i < shares.Length; i++)
        {
            shares[i] = Math.Max(candidates[i].Free.Slots, 1) / Math.Max(Prospect.Run(candidates[i]), ShortestSeconds);
            sum += shares[i];
        }

        for (var i = 0; i < shares.Length; i++)
            shares[i] /= sum;

        return shares;
    }

    /// <summary>
    /// A number that goes up by one with each decision as far as the candidates show it: the last turn of the latest of them, or, where
    /// each worker that is chosen has no room left, one candidate fewer.
    /// </summary>
    private static long Turn(IReadOnlyList<Candidate> candidates)
    {
        var latest = 0L;
        for (var i = 0; i < candidates.Count; i++)
            latest = Math.Max(latest, candidates[i].LastTurn);

        return latest - candidates.Count;
    }

    private static double PositionOf(long turn)
    {
        var walked = turn * GoldenSection;
        return walked - Math.Floor(walked);
    }

    private static int At(double position, double[] shares)
    {
        for (var i = 0; i < shares.Length - 1; i++)
        {
            position -= shares[i];
            if (position < 0)
                return i;
        }

        return shares.Length - 1;
    }

    private static RankedWorker Ranked(Candidate candidate, double share, bool chosen)
    {
        var slots = candidate.Free.Slots;
        var why = $"{Number(share * 100)} % of the turns, by {slots} free {Plural("slot", slots)} at {Seconds(candidate.Predicted.P50)} a run";
        return new RankedWorker(candidate.Worker.WorkerId, NoScore, chosen ? $"its turn: {why}" : why);
    }
}
