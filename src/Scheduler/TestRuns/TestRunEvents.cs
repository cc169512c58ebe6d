using System.Data.Common;
using MassTransit.Mediator;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>
/// Raises events of the saga in process. Returns when the event is durable or was answered without a change; conflicts are repeated,
/// and an unreachable database is waited for as long as the caller does.
/// </summary>
internal sealed partial class TestRunEvents(IMediator mediator, TimeProvider time, ILogger<TestRunEvents> logger)
{
    private const int MaxConflicts = 20;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <exception cref="OperationCanceledException">The token was cancelled; whether the event committed is unknown.</exception>
    public async Task<RunReply> RaiseAsync<T>(T happened, CancellationToken cancellationToken) where T : RunEvent
    {
        var conflicts = 0;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                happened.Reply.Reset();
                await mediator.Send(happened, cancellationToken);
                return happened.Reply;
            }
            catch (Exception exception) when (IsConflict(exception) && ++conflicts <= MaxConflicts)
            {
                await PauseAsync(TimeSpan.FromMilliseconds(5 * conflicts), cancellationToken);
            }
            catch (Exception exception) when (IsDatabaseAway(exception) && !cancellationToken.IsCancellationRequested)
            {
                LogDatabaseAway(typeof(T).Name, happened.RunId, exception.GetBaseException().Message);
                await PauseAsync(TimeSpan.FromMilliseconds(50) * Math.Min(attempt, 40), cancellationToken);
            }
        }
    }

    private Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        Task.Delay(pause < LongestPause ? pause : LongestPause, time, cancellationToken);

    /// <summary>Another event of the same run committed in between.</summary>
    private static bool IsConflict(Exception exception) => Chain(exception).Any(e =>
        e is DbUpdateConcurrencyException or DbException { SqlState: UniqueViolation or SerializationFailure or DeadlockDetected } or
            Microsoft.Data.Sqlite.SqliteException { SqliteErrorCode: SqliteConstraint or SqliteBusy });

    private static bool IsDatabaseAway(Exception exception) => Chain(exception).Any(e =>
        e is DbException { IsTransient: true } or System.Net.Sockets.SocketException or EndOfStreamException);

    private static IEnumerable<Exception> Chain(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
            yield return e;
    }

    private const string UniqueViolation = "23505";
    private const string SerializationFailure = "40001";
    private const string DeadlockDetected = "40P01";
    private const int SqliteBusy = 5;
    private const int SqliteConstraint = 19;

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Event} of run {RunId} waits for the database: {Problem}")]
    private partial void LogDatabaseAway(string @event, Guid runId, string problem);
}
