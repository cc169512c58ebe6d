using System.Threading.Channels;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Persistence.Grouped;

/// <summary>
/// One writer takes what is ready and stores it together: while one transaction is being made durable, the next one gathers. Nothing waits
/// for more to come. An entry that cannot be stored fails alone, and the others are stored without it.
/// </summary>
internal sealed partial class GroupCommit : IAsyncDisposable
{
    private const int MostWrites = 512;

    /// <summary>Far below the 1 GB that PostgreSQL takes as one value or message, also where each character takes several bytes.</summary>
    private const long MostCharacters = 32 << 20;

    private readonly Channel<RunWrite> ready = Channel.CreateUnbounded<RunWrite>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Func<IReadOnlyList<RunWrite>, Task<RunsCommitted>> store;
    private readonly RunCache cache;
    private readonly RunCommits commits;
    private readonly ILogger<GroupCommit> logger;
    private readonly Task writing;

    /// <param name="store">Stores all entries it is given, or none.</param>
    /// <param name="cache">Is told what is durable, and of what that is in doubt.</param>
    /// <param name="commits">Are told what is durable.</param>
    /// <param name="logger">Is told of whoever fails over that.</param>
    public GroupCommit(Func<IReadOnlyList<RunWrite>, Task<RunsCommitted>> store, RunCache cache, RunCommits commits, ILogger<GroupCommit> logger)
    {
        (this.store, this.cache, this.commits, this.logger) = (store, cache, commits, logger);
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
            for (var length = 0L; batch.Count < MostWrites && length < MostCharacters && ready.Reader.TryRead(out var write); length += write.Length)
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

        try
        {
            commits.Publish(committed);
        }
        catch (Exception exception)
        {
            // It is durable all the same, and without this loop nothing would ever be stored again.
            LogNotTold(exception);
        }

        foreach (var write in batch)
            write.Complete();
    }

    /// <summary>Whether it is stored is known only by reading it again.</summary>
    private void Refuse(RunWrite write, Exception exception)
    {
        cache.Forget(write.Run.CorrelationId);
        write.Fail(exception);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Somebody who was told of a commit failed")]
    private partial void LogNotTold(Exception exception);
}
