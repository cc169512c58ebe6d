namespace LoadBalancer.Placement;

/// <summary>
/// Whether submissions keep coming or a burst of them is over. While they keep coming there is no last run to be done soon, and starting
/// long ones first would only make the others wait.
/// </summary>
internal sealed class ArrivalPace
{
    /// <summary>Gaps that count, the newest most.</summary>
    private const double Memory = 20;

    /// <summary>A pause this many times as long as the usual gap ends a burst. For arrivals at random it is next to impossible.</summary>
    private const double Pause = 10;

    private DateTimeOffset? last;
    private double gap;

    /// <summary>A run was submitted; only new ones count, not what waits again.</summary>
    public void Note(DateTimeOffset submittedAt)
    {
        if (last is { } before && submittedAt >= before)
            gap += ((submittedAt - before).TotalSeconds - gap) / Memory;

        if (last is null || submittedAt > last)
            last = submittedAt;
    }

    public bool IsQuiet(DateTimeOffset now) => last is not { } latest || (now - latest).TotalSeconds >= Pause * gap;
}
