using System.Collections.Concurrent;
using LoadBalancer.Scheduler.Bus;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Persistence;
using MassTransit;
using MassTransit.Mediator;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>
/// Raises events of the saga in process. Returns when the event is durable or was answered without a change; conflicts are repeated,
/// and an unreachable database is waited for. A try that has begun runs to its end whatever the caller does, so that what it commits is
/// always told to <see cref="RunCommits"/>.
/// </summary>
internal sealed partial class TestRunEvents(
    IMediator mediator, ILoadSagaRepository<TestRun> runs, RunCommits commits, FindOutcomes outcomes, TimeProvider time, ILogger<TestRunEvents> logger) : IDisposable
{
    /// <summary>They become durable together.</summary>
    private const int AtOnce = 256;

    private const int MaxConflicts = 20;
    private const int MostDoublings = 10;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim trying = new(1, 1);
    private int failures;
    private int waiting;
    private string problem = "";

    /// <summary>Why some event cannot be stored at the moment; null when all are.</summary>
    public string? Problem => Volatile.Read(ref waiting) > 0 ? problem : null;

    /// <exception cref="OperationCanceledException">The token was cancelled before anything was tried.</exception>
    public async Task<RunReply> RaiseAsync<T>(T happened, CancellationToken cancellationToken) where T : RunEvent
    {
        var (conflicts, inDoubt) = (0, false);
        try
        {
            while (true)
            {
                // What may be durable must be told, so an event in doubt outlives its caller.
                var until = inDoubt ? CancellationToken.None : cancellationToken;
                until.ThrowIfCancellationRequested();
                try
                {
                    return await TryAsync(happened, inDoubt);
                }
                catch (Exception exception) when (DatabaseTrouble.IsConflict(exception) && ++conflicts <= MaxConflicts)
                {
                    await PauseAsync(TimeSpan.FromMilliseconds(5 * conflicts), until);
                }
                catch (Exception exception) when (DatabaseTrouble.IsAway(exception))
                {
                    problem = exception.GetBaseException().Message;
                    LogDatabaseAway(typeof(T).Name, happened.RunId, problem);
                    if (!inDoubt)
                        Interlocked.Increment(ref waiting);
                    inDoubt = true;
                    await WaitForDatabaseAsync();
                }
            }
        }
        finally
        {
            if (inDoubt)
                Interlocked.Decrement(ref waiting);
        }
    }

    /// <summary>Raises events of different runs. One that cannot be stored keeps no other from being raised, and is logged.</summary>
    /// <returns>Those that could not be stored, and why.</returns>
    public async Task<IReadOnlyList<(T Happened, Exception Problem)>> RaiseAllAsync<T>(IEnumerable<T> happened, CancellationToken cancellationToken)
        where T : RunEvent
    {
        var failed = new ConcurrentQueue<(T, Exception)>();
        var work = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(happened, work, async (one, token) =>
        {
            try
            {
                await RaiseAsync(one, token);
            }
            catch (Exception exception) when (!PassingTrouble.Is(exception) && !token.IsCancellationRequested)
            {
                LogNotStored(typeof(T).Name, one.RunId, exception);
                failed.Enqueue((one, exception));
            }
        });
        return [.. failed];
    }

    public void Dispose() => trying.Dispose();

    private async Task<RunReply> TryAsync<T>(T happened, bool inDoubt) where T : RunEvent
    {
        happened.Reply.Reset();
        await mediator.Send(happened, CancellationToken.None);
        Volatile.Write(ref failures, 0);
        if (inDoubt)
            await TellAgainAsync(happened);
        return happened.Reply;
    }

    /// <summary>Many events may wait, but one at a time tries: when it succeeds, the others follow at once.</summary>
    private async Task WaitForDatabaseAsync()
    {
        Interlocked.Increment(ref failures);
        await trying.WaitAsync();
        var failed = Volatile.Read(ref failures);
        if (failed > 0)
            await PauseAsync(FirstPause * Math.Pow(2, Math.Min(failed, MostDoublings) - 1), CancellationToken.None);
        trying.Release();
    }

    /// <summary>
    /// An earlier try may have committed without an answer; the last one then found nothing to do and told nothing. The stored row tells.
    /// </summary>
    private async Task TellAgainAsync(RunEvent happened)
    {
        if (await runs.Load(happened.RunId) is not { } stored)
            return;

        // What was applied by the last try was told by its commit.
        IReadOnlyList<OutcomeRow> missed = happened is AttemptEvent { Reply.Applied: false } ended ? await outcomes(ended.RunId, ended.Owner.Attempt) : [];
        commits.Publish(new RunsCommitted([stored], [], missed));
    }

    private Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        Task.Delay(pause < LongestPause ? pause : LongestPause, time, cancellationToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Event} of run {RunId} waits for the database: {Problem}")]
    private partial void LogDatabaseAway(string @event, Guid runId, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Event} of run {RunId} could not be stored")]
    private partial void LogNotStored(string @event, Guid runId, Exception exception);
}
