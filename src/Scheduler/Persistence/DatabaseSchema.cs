using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace LoadBalancer.Scheduler.Persistence;

/// <summary>Brings the schema to the version of this program: migrations on PostgreSQL, creation on SQLite.</summary>
internal sealed class DatabaseSchema(IServiceScopeFactory scopes)
{
    private const string InvalidPassword = "28P01";
    private const string InvalidAuthorization = "28000";
    private const string NoSuchDatabase = "3D000";

    /// <summary>Names the lock in the database; any number that nobody else uses there.</summary>
    private const long MigrationLock = 0x4C6F6164_42616C61;

    /// <exception cref="FatalStartException">The database refuses this user or does not exist, or its schema is newer than this program.</exception>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        if (!database.Database.IsNpgsql())
        {
            await database.Database.EnsureCreatedAsync(cancellationToken);
            return;
        }

        try
        {
            // Migrating would make a missing database, and a misspelt name would be an empty scheduler.
            await database.Database.ExecuteSqlRawAsync("SELECT 1", cancellationToken);
            await MigrateAloneAsync(database, cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState is InvalidPassword or InvalidAuthorization or NoSuchDatabase)
        {
            throw new FatalStartException($"{refused.MessageText}; see Database:ConnectionString", refused);
        }
    }

    /// <summary>
    /// One at a time looks at the schema and changes it. The lock of EF Core covers one migration, not the choice of those to apply: two
    /// who start together would both apply the next one. The lock ends with the connection, so a migrator that dies blocks nobody.
    /// </summary>
    private static async Task MigrateAloneAsync(SchedulerDbContext database, CancellationToken cancellationToken)
    {
        await database.Database.OpenConnectionAsync(cancellationToken);
        try
        {
            await database.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock({MigrationLock})", cancellationToken);
            await RefuseNewerAsync(database, cancellationToken);
            await database.Database.MigrateAsync(cancellationToken);
            // Not left to the closing: a connection that returns to its pool keeps its locks until it is used again.
            await database.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({MigrationLock})", cancellationToken);
        }
        finally
        {
            await database.Database.CloseConnectionAsync();
        }
    }

    private static async Task RefuseNewerAsync(SchedulerDbContext database, CancellationToken cancellationToken)
    {
        var known = database.Database.GetMigrations().ToHashSet(StringComparer.Ordinal);
        var unknown = (await database.Database.GetAppliedMigrationsAsync(cancellationToken)).Where(migration => !known.Contains(migration)).ToList();
        if (unknown.Count > 0)
            throw new FatalStartException($"the schema is newer than this program: it has the unknown migration {unknown[0]}");
    }
}
