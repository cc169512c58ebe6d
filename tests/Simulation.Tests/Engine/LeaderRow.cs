namespace LoadBalancer.Simulation.Tests.Engine;

/// <summary>
/// The row that names the leader, with the conditions that <c>LeaderLease</c> puts to the database in SQL: they cannot be run without one,
/// so they are said here again. A transaction takes no time here, so nobody waits for the end of another's. On PostgreSQL <c>StandbyTests</c>
/// and <c>FenceTests</c> show both.
/// </summary>
internal sealed class LeaderRow
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan LeaseWithoutConnection = TimeSpan.FromSeconds(2);

    private string leader = "";

    public long Epoch { get; private set; }

    /// <summary>When the leader last showed that it lives; null once it has given the leadership back, and before the first.</summary>
    public TimeSpan? LeadsAt { get; private set; }

    /// <summary>Whose connection renews it; null when that is gone.</summary>
    public object? Holder { get; set; }

    /// <summary>How often somebody else has led than before.</summary>
    public int Takeovers { get; private set; }

    public bool IsGone(TimeSpan now) => LeadsAt < now - Lease || (LeadsAt < now - LeaseWithoutConnection && Holder is null);

    /// <param name="name">Who wants to lead.</param>
    /// <param name="seenGone">It has found the leader gone before.</param>
    /// <param name="now">The clock of the database.</param>
    /// <param name="holder">Its connection.</param>
    /// <returns>The new epoch, or null: somebody leads.</returns>
    public long? TryTake(string name, bool seenGone, TimeSpan now, object holder)
    {
        if (LeadsAt is not null && !(seenGone && IsGone(now)))
            return null;

        if (Epoch > 0 && leader != name)
            Takeovers++;
        (leader, LeadsAt, Holder) = (name, now, holder);
        return ++Epoch;
    }

    /// <returns>False when a later epoch has begun.</returns>
    public bool TryRenew(long epoch, TimeSpan now, object holder)
    {
        if (epoch != Epoch)
            return false;

        (LeadsAt, Holder) = (now, holder);
        return true;
    }

    public void GiveBack(long epoch)
    {
        if (epoch == Epoch)
            LeadsAt = null;
    }
}
