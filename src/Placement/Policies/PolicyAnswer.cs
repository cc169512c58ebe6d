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

        var chosen = Offered(all[0], candidates);
        var alternatives = new Alternative[Math.Min(all.Count, Ranking.Places) - 1];
        for (var place = 1; place <= alternatives.Length; place++)
        {
            var entry = all[place];
            Offered(entry, candidates);
            for (var before = 0; before < place; before++)
            {
                if (all[before].WorkerId == entry.WorkerId)
                    throw new PolicyException("it ranked a worker twice");
            }

            alternatives[place - 1] =
                new Alternative(entry.WorkerId, entry.Score.Values.Sum(), Wording.Shortened(entry.Reason, LongestAlternativeReason)) { Score = entry.Score };
        }

        return new PolicyAnswer(chosen, Wording.Shortened(all[0].Reason, LongestReason), all[0].Score, alternatives);
    }

    private static Candidate Offered(RankedWorker? entry, IReadOnlyList<Candidate> candidates)
    {
        if (entry?.Score is null || entry.Reason is null)
            throw new PolicyException("it left out a worker, a score or a reason");

        var partsAllowed = entry.Score.Count <= MostParts;
        var allFinite = true;
        foreach (var (part, seconds) in entry.Score)
        {
            partsAllowed &= part.Length <= LongestPartName;
            allFinite &= double.IsFinite(seconds);
        }

        if (!partsAllowed)
            throw new PolicyException($"a score has at most {MostParts} parts with names of at most {LongestPartName} characters");

        if (!allFinite)
            throw new PolicyException($"its score for worker '{entry.WorkerId}' is no number");

        for (var i = 0; i < candidates.Count; i++)
        {
            if (candidates[i].Worker.WorkerId == entry.WorkerId)
                return candidates[i];
        }

        throw new PolicyException($"it chose worker '{entry.WorkerId}', which was not offered");
    }
}

/// <summary>A policy broke its promise; the message says how, after the policy's name.</summary>
internal sealed class PolicyException(string message, Exception? thrown = null)
    : Exception(Wording.Shortened(message, LongestMessage), thrown)
{
    private const int LongestMessage = 300;
}
