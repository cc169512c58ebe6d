using System.Threading.Channels;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Persistence.Grouped;

/// <summary>
/// One writer takes what is ready and stores it together: while one transaction is being made durable, the next one gathers. Nothing waits
/// for more to come. An entry that cannot be stored fails alone, and the others are stored without it.
/// </summary>
internal sealed class GroupCommit : IAsyncDisposable
{
    private const int MostWrites = 512;

    private readonly Channel<RunWrite> ready = Channel.CreateUnbounded<RunWrite>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Func<IReadOnlyList<RunWrite>, Task<RunsCommitted>> store;
    private readonly RunCache cache;
    private readonly RunCommits commits;
    private readonly Task writing;

    /// <param name="store">Stores all entries it is given, or none.</param>
    /// <param name="cache">Is told what is durable, and of what that is in doubt.</param>
    /// <param name="commits">Are told what is durable.</param>
    public GroupCommit(Func<IReadOnlyList<RunWrite>, Task<RunsCommitted>> store, RunCache cache, RunCommits commits)
    {
        (this.store, this.cache, this.commits) = (store, cache, commits);
        writing = Task.Run(WriteAsync);
    }

    /// <summary>Returns when the entry is durable and was told.</summary>
    public Task CommitAsync(RunWrite write)
    {
        ready.Writer.TryWrite(write);
        return write.Done;
    }

    /// <summary>What was given is still stored.</summary>
    public async ValueTask DisposeAsync()
    {
        ready.Writer.TryComplete();
        await writing;
    }

    private async Task WriteAsync()
    {
        var batch = new List<RunWrite>();
        while (await ready.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MostWrites && ready.Reader.TryRead(out var write))
                batch.Add(write);
            await StoreAsync(batch);
        }
    }

    private async Task StoreAsync(List<RunWrite> batch)
    {
        RunsCommitted committed;
        try
        {
            committed = await store(batch);
        }
        catch (StaleRunsException stale)
        {
            foreach (var write in stale.Writes)
                Refuse(write, new DbUpdateConcurrencyException($"run {write.Run.CorrelationId} was changed by somebody else"));
            var others = batch.Except(stale.Writes).ToList();
            if (others.Count > 0)
                await StoreAsync(others);
            return;
        }
        catch (Exception exception) when (batch.Count == 1 || !IsOfOneEntry(exception))
        {
            foreach (var write in batch)
                Refuse(write, exception);
            return;
        }
        catch (Exception)
        {
            // Some entry is at fault: halves find it with few commits, however many others there are.
            var half = batch.Count / 2;
            await StoreAsync([.. batch.Take(half)]);
            await StoreAsync([.. batch.Skip(half)]);
            return;
        }

        Tell(batch, committed);
    }

    /// <summary>False for what would befall every entry.</summary>
    private static bool IsOfOneEntry(Exception exception) => exception is not NotLeadingException && !DatabaseTrouble.IsAway(exception);

    private void Tell(List<RunWrite> batch, RunsCommitted committed)
    {
        foreach (var write in batch)
        {
            write.Run.Effects.Clear();
            cache.Keep(write.Run);
        }

        commits.Publish(committed);
        foreach (var write in batch)
            write.Complete();
    }

    /// <summary>Whether it is stored is known only by reading it again.</summary>
    private void Refuse(RunWrite write, Exception exception)
    {
        cache.Forget(write.Run.CorrelationId);
        write.Fail(exception);
    }
}
