namespace LoadBalancer.Worker.Sessions;

/// <summary>
/// The time for which the scheduler counts on this session, on the monotonic clock. It runs from the moment the answered message was
/// <em>sent</em>, so the scheduler's own lease, which begins later, ends later. It is over one kill grace early: time to stop everything.
/// </summary>
internal sealed class Lease(TimeSpan killGrace, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly TaskCompletionSource live = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long renewedAt;
    private TimeSpan length;

    public bool IsLive => Remaining > TimeSpan.Zero;

    /// <summary>Completes when the lease is live for the first time.</summary>
    public Task BecameLive => live.Task;

    /// <summary>Time left until everything has to be stopped; not above zero when it is over.</summary>
    public TimeSpan Remaining
    {
        get
        {
            lock (gate)
                return length - killGrace - time.GetElapsedTime(renewedAt);
        }
    }

    /// <summary>Renews the lease unless it is already renewed by a later message.</summary>
    /// <param name="sentAt">A timestamp of the time provider, taken before the answered message was sent.</param>
    /// <param name="granted">The scheduler's lease.</param>
    public void Renew(long sentAt, TimeSpan granted)
    {
        lock (gate)
        {
            if (length == TimeSpan.Zero || sentAt >= renewedAt)
                (renewedAt, length) = (sentAt, granted);
        }

        if (IsLive)
            live.TrySetResult();
    }
}
