using LoadBalancer.Scheduler;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.System.Tests.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoadBalancer.System.Tests;

/// <summary>A database that several prepare at once, and one that is not of this version.</summary>
public sealed class SchemaTests(TestServers servers) : SystemTest(servers)
{
    private const int Migrators = 4;

    private const string EveryColumn = """
        SELECT string_agg(concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default), E'\n' ORDER BY table_name, column_name)
        FROM information_schema.columns WHERE table_schema = 'public'
        """;

    private const string EveryIndex = "SELECT string_agg(indexdef, E'\\n' ORDER BY indexdef) FROM pg_indexes WHERE schemaname = 'public'";

    [Fact]
    public async Task Several_who_migrate_an_empty_database_at_once_leave_the_schema_that_one_leaves()
    {
        await using var single = await DatabaseServer.NewDatabaseAsync();
        await PrepareAsync(single);

        var together = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var migrators = Enumerable.Range(0, Migrators).Select(async _ =>
        {
            await together.Task;
            await PrepareAsync(Database);
        }).ToList();
        together.SetResult();
        await Task.WhenAll(migrators);

        await using var services = ServicesOn(Database);
        await using var scope = services.CreateAsyncScope();
        var migrations = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Database;
        Assert.Equal(migrations.GetMigrations(), await migrations.GetAppliedMigrationsAsync(TestContext.Current.CancellationToken));
        Assert.Equal(await single.ScalarAsync<string>(EveryColumn), await Database.ScalarAsync<string>(EveryColumn));
        Assert.Equal(await single.ScalarAsync<string>(EveryIndex), await Database.ScalarAsync<string>(EveryIndex));
    }

    [Fact]
    public async Task A_scheduler_that_finds_a_newer_schema_ends_names_what_it_does_not_know_and_changes_nothing()
    {
        await PrepareAsync(Database);
        await Database.ScalarAsync<object>(
            """INSERT INTO "__EFMigrationsHistory" (migration_id, product_version) VALUES ('29990101000000_FromTheFuture', '99.0.0')""");
        var before = await Database.ScalarAsync<string>(EveryColumn);

        var scheduler = await LaunchSchedulerAsync(Broker.Url, Database.ConnectionString);

        Assert.NotEqual(0, await scheduler.WaitForEndOfProcessAsync(Eventually.Limit));
        Assert.Contains("the schema is newer than this program: it has the unknown migration 29990101000000_FromTheFuture", scheduler.Output, StringComparison.Ordinal);
        Assert.Equal(before, await Database.ScalarAsync<string>(EveryColumn));
    }

    private static async Task PrepareAsync(TestDatabase database)
    {
        await using var services = ServicesOn(database);
        await new DatabaseSchema(services.GetRequiredService<IServiceScopeFactory>()).PrepareAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A connection of its own each time, so that one migrator cannot wait for another within this process.</summary>
    private static ServiceProvider ServicesOn(TestDatabase database)
    {
        var options = new DatabaseOptions { ConnectionString = database.ConnectionString + ";Pooling=false" };
        return new ServiceCollection()
            .AddDbContext<SchedulerDbContext>(builder => SchedulerDbContext.Use(builder, options))
            .BuildServiceProvider();
    }
}
