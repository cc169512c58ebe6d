namespace LoadBalancer.Placement;

/// <summary>
/// What a policy chose, checked: it may come from a user, so it is believed only where it names workers that were offered and scores
/// that are numbers, and its texts are cut to what a stored decision has room for.
/// </summary>
internal sealed record PolicyAnswer(
    Candidate? Chosen, string Reason, IReadOnlyDictionary<string, double> Score, IReadOnlyList<Alternative> Alternatives)
{
    /// <summary>Set if it rather waits; then nothing was chosen.</summary>
    public LaterWorker? WaitFor { get; init; }

    private const int LongestReason = 200;
    private const int LongestAlternativeReason = 100;
    private const int LongestPartName = 32;
    private const int MostParts = 8;

    /// <exception cref="PolicyException">The policy threw, or its answer is not one of those offered.</exception>
    public static PolicyAnswer Of(IPlacementPolicy policy, PlacementContext context)
    {
        PolicyChoice? choice;
        try
        {
            choice = policy.Choose(context);
        }
        catch (Exception thrown) when (thrown is not PolicyException)
        {
            throw new PolicyException($"it threw {thrown.GetType().Name}: {thrown.Message}", thrown);
        }

        return choice?.WaitFor is { } later ? Waiting(later, context.Later) : Checked(choice, context.Candidates);
    }

    private static PolicyAnswer Waiting(LaterWorker later, IReadOnlyList<LaterCandidate> offered)
    {
        if (later.WorkerId is null || later.Reason is null)
            throw new PolicyException("it left out for whom to wait, or why");

        return offered.Any(candidate => candidate.Worker.WorkerId == later.WorkerId)
            ? new PolicyAnswer(null, "", new Dictionary<string, double>(), [])
            {
                WaitFor = later with { Reason = Wording.Shortened(later.Reason, LongestReason) },
            }
            : throw new PolicyException($"it would wait for worker '{later.WorkerId}', which was not offered");
    }

    private static PolicyAnswer Checked(PolicyChoice? choice, IReadOnlyList<Candidate> candidates)
    {
        if (choice?.Ranked is not { Count: > 0 } all)
            throw new PolicyException("it chose no worker");

        var ranked = all.Take(Ranking.Places).ToList();
        var offered = ranked.ConvertAll(entry => Offered(entry, candidates));
        if (offered.DistinctBy(candidate => candidate.Worker.WorkerId).Count() < offered.Count)
            throw new PolicyException("it ranked a worker twice");

        var first = ranked[0];
        return new PolicyAnswer(
            offered[0],
            Wording.Shortened(first.Reason, LongestReason),
            first.Score,
            [.. ranked.Skip(1).Select(entry =>
                new Alternative(entry.WorkerId, entry.Score.Values.Sum(), Wording.Shortened(entry.Reason, LongestAlternativeReason)))]);
    }

    private static Candidate Offered(RankedWorker? entry, IReadOnlyList<Candidate> candidates)
    {
        if (entry?.Score is null || entry.Reason is null)
            throw new PolicyException("it left out a worker, a score or a reason");

        if (entry.Score.Count > MostParts || entry.Score.Keys.Any(part => part.Length > LongestPartName))
            throw new PolicyException($"a score has at most {MostParts} parts with names of at most {LongestPartName} characters");

        if (!entry.Score.Values.All(double.IsFinite))
            throw new PolicyException($"its score for worker '{entry.WorkerId}' is no number");

        return candidates.FirstOrDefault(candidate => candidate.Worker.WorkerId == entry.WorkerId)
            ?? throw new PolicyException($"it chose worker '{entry.WorkerId}', which was not offered");
    }
}

/// <summary>A policy broke its promise; the message says how, after the policy's name.</summary>
internal sealed class PolicyException(string message, Exception? thrown = null)
    : Exception(Wording.Shortened(message, LongestMessage), thrown)
{
    private const int LongestMessage = 300;
}
