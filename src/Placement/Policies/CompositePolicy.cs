using static LoadBalancer.Placement.Wording;

namespace LoadBalancer.Placement;

/// <summary>
/// Several policies at once: each rates all candidates from 0, its worst, to 1, its best, and the highest weighted sum is chosen. So a
/// strong opinion of one is not lost where another prefers somebody else by a hair. Members cannot make the run wait: one that would
/// rather wait for a busy worker has no say.
/// </summary>
/// <remarks>
/// A member that scores is rated linearly between its cheapest and its dearest candidate; if all cost the same, all are its best. One that
/// only ranks is rated by place: 1 for the first, less by equal steps, 0 for the last and for all that it does not name among its first
/// four. What a candidate misses of the full rating is its score, by member; as a score is in seconds, 1 counts as once more what the run
/// takes on the fastest candidate. That is one factor for all of them, so it changes no choice.
/// </remarks>
internal sealed class CompositePolicy : ScoringPolicy
{
    /// <summary>A rating of a run predicted to take less still needs a unit.</summary>
    private const double ShortestSeconds = 0.001;

    private readonly IReadOnlyList<(IPlacementPolicy Policy, double Weight)> members;
    private readonly string[] names;
    private readonly string reason;

    /// <param name="members">Policies with what their opinion counts against each other's; at least one weight is above 0.</param>
    public CompositePolicy(IReadOnlyList<(IPlacementPolicy Policy, double Weight)> members)
    {
        var sum = members.Sum(member => member.Weight);
        this.members = [.. members.Select(member => (member.Policy, member.Weight / sum))];
        names = [.. members.Select(member => member.Policy.Name)];
        reason = string.Join(" + ", this.members.Select(member => $"{Number(member.Weight * 100)} % {member.Policy.Name}"));
    }

    public override string Name => PolicyNames.Composite;

    public override CostTable Weigh(PlacementContext context)
    {
        var costs = new CostTable(names, context.Candidates.Count);
        var unit = Math.Max(Prospect.Fastest(context.Candidates), ShortestSeconds);
        for (var part = 0; part < members.Count; part++)
        {
            var (policy, weight) = members[part];
            if (weight == 0)
                continue;

            var missed = policy is ScoringPolicy scoring ? MissedByCost(scoring, context) : MissedByPlace(policy, context);
            for (var i = 0; i < missed.Length; i++)
                costs[i, part] = missed[i] * weight * unit;
        }

        return costs;
    }

    protected override string ReasonFor(PlacementContext context, int candidate, int place) =>
        context.Candidates.Count == 1 ? $"the only one free; {reason}" : $"place {place + 1} of {context.Candidates.Count} by {reason}";

    private static double[] MissedByCost(ScoringPolicy policy, PlacementContext context)
    {
        var costs = policy.Weigh(context).Totals();
        var (best, worst) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var cost in costs)
        {
            best = Math.Min(best, cost);
            worst = Math.Max(worst, cost);
        }

        for (var i = 0; i < costs.Length; i++)
            costs[i] = worst > best ? (costs[i] - best) / (worst - best) : 0;

        return costs;
    }

    private static double[] MissedByPlace(IPlacementPolicy policy, PlacementContext context)
    {
        var missed = new double[context.Candidates.Count];
        var ranked = Answer(policy, context);
        if (ranked.Count == 0)
            return missed;

        Array.Fill(missed, 1);
        for (var place = 0; place < ranked.Count; place++)
            missed[IndexOf(ranked[place], context.Candidates)] = missed.Length == 1 ? 0 : (double)place / (missed.Length - 1);

        return missed;
    }

    /// <summary>The workers a member ranks, checked as its own decision would be; none if it would rather wait.</summary>
    private static List<string> Answer(IPlacementPolicy policy, PlacementContext context)
    {
        try
        {
            var answer = PolicyAnswer.Of(policy, context);
            return answer.Chosen is null
                ? []
                : [answer.Chosen.Worker.WorkerId, .. answer.Alternatives.Select(alternative => alternative.WorkerId)];
        }
        catch (PolicyException broken)
        {
            throw new PolicyException($"its member '{policy.Name}' failed: {broken.Message}", broken);
        }
    }

    private static int IndexOf(string workerId, IReadOnlyList<Candidate> candidates)
    {
        var index = 0;
        while (candidates[index].Worker.WorkerId != workerId)
            index++;

        return index;
    }
}
