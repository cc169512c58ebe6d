namespace LoadBalancer.Simulation.Tests.Engine;

/// <summary>The clock of a simulated world, and what is to happen in it. What is due at the same time happens in the order of its planning.</summary>
internal sealed class VirtualTime : TimeProvider
{
    private static readonly DateTimeOffset Origin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<Action, (long At, long Order)> agenda = new();
    private long now;
    private long order;

    public TimeSpan Elapsed => TimeSpan.FromTicks(now);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Origin.AddTicks(now);

    public override long GetTimestamp() => now;

    /// <summary>A pause within one step of a process takes no time.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ThreadPool.QueueUserWorkItem(_ => callback(state));
        return new PassedTimer();
    }

    public void After(TimeSpan delay, Action action) =>
        agenda.Enqueue(action, (now + Math.Max(0, delay.Ticks), order++));

    /// <summary>Lets the next thing happen.</summary>
    public void Step()
    {
        if (!agenda.TryDequeue(out var action, out var due))
            throw new InvalidOperationException("nothing is left to happen");

        now = due.At;
        action();
    }

    /// <summary>Begins a new world.</summary>
    public void Reset()
    {
        agenda.Clear();
        (now, order) = (0, 0);
    }

    private sealed class PassedTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
