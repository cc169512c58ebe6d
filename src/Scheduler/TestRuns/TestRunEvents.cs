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
    IMediator mediator, ILoadSagaRepository<TestRun> runs, RunCommits commits, TimeProvider time, ILogger<TestRunEvents> logger)
{
    private const int MaxConflicts = 20;
    private const int MaxDoublings = 10;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <exception cref="OperationCanceledException">The token was cancelled before anything was tried.</exception>
    public async Task<RunReply> RaiseAsync<T>(T happened, CancellationToken cancellationToken) where T : RunEvent
    {
        var (conflicts, inDoubt) = (0, false);
        for (var attempt = 1; ; attempt++)
        {
            // What may be durable must be told, so an event in doubt outlives its caller.
            var until = inDoubt ? CancellationToken.None : cancellationToken;
            until.ThrowIfCancellationRequested();
            try
            {
                happened.Reply.Reset();
                await mediator.Send(happened, CancellationToken.None);
                if (inDoubt)
                    await TellAgainAsync(happened.RunId);
                return happened.Reply;
            }
            catch (Exception exception) when (DatabaseTrouble.IsConflict(exception) && ++conflicts <= MaxConflicts)
            {
                await PauseAsync(TimeSpan.FromMilliseconds(5 * conflicts), until);
            }
            catch (Exception exception) when (DatabaseTrouble.IsAway(exception))
            {
                inDoubt = true;
                LogDatabaseAway(typeof(T).Name, happened.RunId, exception.GetBaseException().Message);
                await PauseAsync(FirstPause * Math.Pow(2, Math.Min(attempt, MaxDoublings) - 1), CancellationToken.None);
            }
        }
    }

    /// <summary>
    /// An earlier try may have committed without an answer; the last one then found nothing to do and told nothing. The stored row tells.
    /// </summary>
    private async Task TellAgainAsync(Guid runId)
    {
        if (await runs.Load(runId) is { } stored)
            commits.Publish(new RunCommitted(stored, [], []));
    }

    private Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        Task.Delay(pause < LongestPause ? pause : LongestPause, time, cancellationToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Event} of run {RunId} waits for the database: {Problem}")]
    private partial void LogDatabaseAway(string @event, Guid runId, string problem);
}
