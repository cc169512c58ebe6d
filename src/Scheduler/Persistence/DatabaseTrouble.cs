using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace LoadBalancer.Scheduler.Persistence;

/// <summary>Which failures of the database pass by themselves. SQLSTATE codes as in PostgreSQL's manual, appendix A.</summary>
internal static class DatabaseTrouble
{
    private const string UniqueViolation = "23505";
    private const string SerializationFailure = "40001";
    private const string DeadlockDetected = "40P01";
    private const string ReadOnlyTransaction = "25006";
    private const string QueryCancelled = "57014";
    private const string AdminShutdown = "57P01";
    private const string CrashShutdown = "57P02";
    private const int SqliteBusy = 5;
    private const int SqliteConstraint = 19;

    /// <summary>Somebody else committed in between: reading again shows what.</summary>
    public static bool IsConflict(Exception exception) => Chain(exception).Any(e =>
        e is DbUpdateConcurrencyException or DbException { SqlState: UniqueViolation or SerializationFailure or DeadlockDetected } or
            SqliteException { SqliteErrorCode: SqliteConstraint or SqliteBusy });

    /// <summary>The database is away, full or read-only. What was being committed may be durable or not.</summary>
    public static bool IsAway(Exception exception) => Chain(exception).Any(e =>
        e is SocketException or EndOfStreamException or DbException { IsTransient: true } or
            DbException { SqlState: ReadOnlyTransaction or QueryCancelled or AdminShutdown or CrashShutdown } || IsOfConnection(e));

    /// <summary>
    /// The server let nobody in or ended the connection, for whatever reason: what it says with this severity is never about a statement. And
    /// what the client says by itself is about the connection, too.
    /// </summary>
    private static bool IsOfConnection(Exception exception) => exception switch
    {
        PostgresException refusal => refusal.InvariantSeverity is "FATAL" or "PANIC",
        NpgsqlOperationInProgressException => false,
        _ => exception is NpgsqlException,
    };

    private static IEnumerable<Exception> Chain(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
            yield return e;
    }
}
