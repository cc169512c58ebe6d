namespace LoadBalancer.Worker.Sessions;

/// <summary>
/// The time for which the scheduler counts on this session, on the monotonic clock. It runs from the moment the answered message was
/// <em>sent</em>, so the scheduler's own lease, which begins later, ends later. It is over one kill grace early: time to stop everything.
/// Once over it stays over, whatever is answered late: what ran under it is being ended. The guard hears of each renewal and comes half a
/// grace after that moment, in case the worker cannot end its tests itself.
/// </summary>
/// <param name="killGrace">How long before its end the lease counts as over.</param>
/// <param name="time">The monotonic clock.</param>
/// <param name="fence">Moves the guard's fence: given the time after which the guard kills what runs.</param>
internal sealed class Lease(TimeSpan killGrace, TimeProvider time, Action<TimeSpan> fence)
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
            if (IsOver || (length > TimeSpan.Zero && sentAt < renewedAt))
                return;

            var left = granted - killGrace - time.GetElapsedTime(sentAt);
            if (left > TimeSpan.Zero)
                fence(left + (killGrace / 2));
            // Told first: the worker never counts on a time that the guard does not grant, even if it was frozen in between.
            if (IsOver)
                return;

            (renewedAt, length) = (sentAt, granted);
            if (IsLive)
                live.TrySetResult();
        }
    }

    private bool IsOver => BecameLive.IsCompleted && !IsLive;
}
