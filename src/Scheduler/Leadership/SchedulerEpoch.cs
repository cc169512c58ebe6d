using LoadBalancer.Scheduler.Persistence;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace LoadBalancer.Scheduler.Leadership;

/// <summary>
/// Numbers the schedulers that have led, so that a worker can tell an answer of an earlier one, and notices when the database is no longer
/// the one in which this scheduler began: a standby that took over may lack what was committed last, and a restored backup does.
/// </summary>
internal sealed class SchedulerEpoch(IServiceScopeFactory scopes, TimeProvider time)
{
    /// <summary>The cluster, and how often one of its copies went a way of its own. Both are in the name of each of its logs.</summary>
    private const string HistoryOfTheDatabase = """
        SELECT concat(system_identifier, '/', left(pg_walfile_name(pg_current_wal_lsn()), 8)) AS "Value" FROM pg_control_system()
        """;

    private const string LockStatement = "SELECT 1 FROM epochs WHERE epoch = $1 FOR KEY SHARE";
    private const string InsufficientPrivilege = "42501";
    private const string FeatureNotSupported = "0A000";
    private const string UndefinedFunction = "42883";

    private string? history;

    /// <summary>Raised when what this scheduler remembers may no longer be what is stored.</summary>
    public event Action? DatabaseReplaced;

    /// <summary>Raised when a later epoch was found.</summary>
    public event Action? Over;

    /// <summary>0 while this scheduler has not led.</summary>
    public long Value { get; private set; }

    /// <summary>
    /// Begins the next epoch, durably, whoever leads. It is a time, not a count, since a database that lost its last epochs would count them again, and a
    /// worker that has seen them would listen to nobody.
    /// </summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        history = await HistoryAsync(database, cancellationToken);
        var row = await database.Epochs.SingleOrDefaultAsync(cancellationToken);
        if (row is null)
            database.Add(row = new EpochRow { Id = 1 });
        row.Epoch = Math.Max(row.Epoch + 1, time.GetUtcNow().ToUnixTimeSeconds());
        await database.SaveChangesAsync(cancellationToken);
        Value = row.Epoch;
    }

    /// <summary>Shows that this scheduler leads and that the database stores.</summary>
    /// <returns>False when a later epoch has begun, so that somebody else leads, or when the database is another one.</returns>
    public async Task<bool> RenewAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        using var turn = await scope.ServiceProvider.GetRequiredService<EmbeddedDatabaseGate>().EnterAsync(cancellationToken);
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        var epochs = database.Epochs.Where(row => row.Epoch == Value);
        var leads = await epochs.ExecuteUpdateAsync(row => row.SetProperty(e => e.RenewedAt, now), cancellationToken) == 1;
        // After the change, which a standby that was not promoted yet refuses.
        if (await HistoryAsync(database, cancellationToken) == history)
            return leads;

        DatabaseReplaced?.Invoke();
        return false;
    }

    /// <summary>
    /// Begins a transaction that only the leader may make: nobody takes over until it has ended. It finds no row when somebody has already.
    /// </summary>
    public NpgsqlBatchCommand Lock() => new(LockStatement) { Parameters = { new NpgsqlParameter { Value = Value } } };

    /// <summary>Locks the epoch in a transaction that has begun.</summary>
    /// <exception cref="NotLeadingException">Somebody else leads.</exception>
    public async Task LockAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LockStatement, transaction.Connection, transaction) { Parameters = { new NpgsqlParameter { Value = Value } } };
        if (await command.ExecuteScalarAsync(cancellationToken) is null)
            throw Ended();
    }

    /// <summary>For an answer that rests on memory alone: one that was frozen would give it without having heard that somebody else leads.</summary>
    /// <exception cref="NotLeadingException">Somebody else leads.</exception>
    public async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        if (!await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Epochs.AnyAsync(row => row.Epoch == Value, cancellationToken))
            throw Ended();
    }

    /// <summary>Begins the next epoch if the row of the last one may still be changed as <paramref name="take"/> wants.</summary>
    /// <param name="take">Changes the row and returns the new epoch, or finds that somebody leads.</param>
    /// <param name="cancellationToken">Ends the wait for the database.</param>
    public async Task<bool> TakeAsync(Func<SchedulerDbContext, Task<long?>> take, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        history = await HistoryAsync(database, cancellationToken);
        if (await take(database) is not { } taken)
            return false;

        Value = taken;
        return true;
    }

    /// <summary>Notes that the epoch is over, for whoever cannot go on without it.</summary>
    public NotLeadingException Ended()
    {
        Over?.Invoke();
        return new NotLeadingException(Value);
    }

    /// <returns>Null where it cannot be known: on SQLite, and where the server keeps it to itself.</returns>
    private static async Task<string?> HistoryAsync(SchedulerDbContext database, CancellationToken cancellationToken)
    {
        if (!database.Database.IsNpgsql())
            return null;

        try
        {
            return await database.Database.SqlQueryRaw<string>(HistoryOfTheDatabase).SingleAsync(cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState is InsufficientPrivilege or FeatureNotSupported or UndefinedFunction)
        {
            return null;
        }
    }
}

/// <summary>A later epoch has begun: another scheduler leads, and nothing of this one is stored any more.</summary>
internal sealed class NotLeadingException(long epoch) : Exception($"epoch {epoch} is over: another scheduler leads");

/// <summary>The only row of its table.</summary>
internal sealed class EpochRow
{
    public int Id { get; set; }

    public long Epoch { get; set; }

    /// <summary>When the scheduler of this epoch last read a heartbeat of its own.</summary>
    public DateTimeOffset? RenewedAt { get; set; }

    /// <summary>Who leads, for people: host and process.</summary>
    public string Leader { get; set; } = "";

    /// <summary>Where the leader's API is reached.</summary>
    public string Url { get; set; } = "";

    /// <summary>When the leader last showed that it lives, on the clock of the database. Null once it has given the leadership back.</summary>
    public DateTimeOffset? LeadsAt { get; set; }
}
