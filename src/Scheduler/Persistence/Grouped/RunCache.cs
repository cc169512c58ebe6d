using System.Collections.Concurrent;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Persistence.Grouped;

/// <summary>
/// Runs as they were made durable, so that the next event of a run need not read it; and the order of the events of one run. Nothing here is
/// ever ahead of the database: an event works on a copy, and only its commit brings the copy here. Bounded: what holds a worker is kept,
/// which the fleet bounds; what waits only while there is room; what has ended not at all.
/// </summary>
internal sealed class RunCache
{
    private const int MostWaiting = 20_000;

    /// <summary>Far more than events under way at once, so that two runs seldom wait for each other.</summary>
    private const int Turns = 16_384;

    private readonly ConcurrentDictionary<Guid, TestRun> durable = new();
    private readonly SemaphoreSlim[] turns = [.. Enumerable.Range(0, Turns).Select(_ => new SemaphoreSlim(1, 1))];
    private int waiting;

    /// <summary>Waits until no other event of the run is under way. Dispose to let the next one in.</summary>
    public async Task<IDisposable> EnterAsync(Guid runId, CancellationToken cancellationToken)
    {
        var turn = turns[(uint)runId.GetHashCode() % Turns];
        await turn.WaitAsync(cancellationToken);
        return new Turn(turn);
    }

    /// <summary>Null where it is not known; it may be stored all the same.</summary>
    public TestRun? Find(Guid runId) => durable.GetValueOrDefault(runId);

    /// <summary>It is durable like this.</summary>
    public void Keep(TestRun run)
    {
        Forget(run.CorrelationId);
        if (run.IsWaiting && Volatile.Read(ref waiting) >= MostWaiting || run.EndedAt is not null)
            return;

        if (durable.TryAdd(run.CorrelationId, run) && run.IsWaiting)
            Interlocked.Increment(ref waiting);
    }

    /// <summary>What is stored of it is in doubt.</summary>
    public void Forget(Guid runId)
    {
        if (durable.TryRemove(runId, out var known) && known.IsWaiting)
            Interlocked.Decrement(ref waiting);
    }

    private sealed class Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
