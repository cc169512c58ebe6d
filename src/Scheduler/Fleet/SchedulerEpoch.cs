using LoadBalancer.Scheduler.Persistence;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace LoadBalancer.Scheduler.Fleet;

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

    private const string InsufficientPrivilege = "42501";
    private const string FeatureNotSupported = "0A000";
    private const string UndefinedFunction = "42883";

    private string? history;

    /// <summary>Raised when what this scheduler remembers may no longer be what is stored.</summary>
    public event Action? DatabaseReplaced;

    public long Value { get; private set; }

    /// <summary>
    /// Begins the next epoch, durably. It is a time, not a count, since a database that lost its last epochs would count them again, and a
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
        Value = row.Epoch = Math.Max(row.Epoch + 1, time.GetUtcNow().ToUnixTimeSeconds());
        await database.SaveChangesAsync(cancellationToken);
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
    public NpgsqlBatchCommand Lock() =>
        new("SELECT 1 FROM epochs WHERE epoch = $1 FOR KEY SHARE") { Parameters = { new NpgsqlParameter { Value = Value } } };

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
