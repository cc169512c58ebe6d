using LoadBalancer.Scheduler;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.Persistence.Grouped;
using LoadBalancer.Scheduler.Retention;
using LoadBalancer.Scheduler.TestRuns;
using LoadBalancer.System.Tests.Servers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LoadBalancer.System.Tests.Leadership;

/// <summary>What the lock of the epoch alone does, whatever a leader believes of itself.</summary>
public sealed class FenceTests(TestServers servers) : SystemTest(servers)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_scheduler_whose_epoch_is_over_stores_neither_runs_nor_anything_else_and_says_so()
    {
        var old = Own(await LeadAsync());
        await StoreAsync(old, NewRun());
        var later = Own(await LeadAsync());
        var told = 0;
        old.GetRequiredService<SchedulerEpoch>().Over += () => told++;

        await Assert.ThrowsAsync<NotLeadingException>(() => StoreAsync(old, NewRun()));
        await Assert.ThrowsAsync<NotLeadingException>(() => SaveAsync(old));

        Assert.Equal(2, told);
        Assert.Equal(1, await Database.ScalarAsync<long>("SELECT count(*) FROM runs"));
        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM changes"));
        await StoreAsync(later, NewRun());
        await SaveAsync(later);
        Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM runs"));
    }

    [Fact]
    public async Task Nobody_takes_over_before_a_transaction_of_the_leader_has_ended()
    {
        var old = Own(await LeadAsync());
        await using var scope = old.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        await using var transaction = await database.Database.BeginTransactionAsync(Token);

        var takingOver = LeadAsync();
        await Eventually.TrueAsync("it waits for the transaction", async () => await Database.ScalarAsync<long>(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") > 0);
        Assert.False(takingOver.IsCompleted);
        await transaction.CommitAsync(Token);

        Own(await takingOver);
    }

    [Fact]
    public async Task A_scheduler_whose_epoch_is_over_deletes_nothing_and_the_leader_what_is_due()
    {
        var old = Own(await LeadAsync());
        await StoreAsync(old, EndedRun());
        await StoreAsync(old, NewRun());
        var later = Own(await LeadAsync());

        await Assert.ThrowsAsync<NotLeadingException>(() => PruneAsync(old));
        Assert.Equal(2, await Database.ScalarAsync<long>("SELECT count(*) FROM runs"));

        Assert.Equal(1, (await PruneAsync(later)).Runs);
        Assert.Equal("Submitted", await Database.ScalarAsync<string>("SELECT state FROM runs"));
    }

    [Fact]
    public async Task What_was_read_before_it_was_deleted_is_not_stored_again()
    {
        var leader = Own(await LeadAsync());
        var ended = EndedRun();
        await StoreAsync(leader, ended);
        await PruneAsync(leader);
        var again = ended.Run.Copy();
        again.Version++;
        again.Sequence++;

        await Assert.ThrowsAsync<StaleRunsException>(() => StoreAsync(leader, new RunWrite(again, isNew: false, isChanged: true)));

        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM runs"));
    }

    /// <summary>The persistence of a scheduler that has just begun an epoch.</summary>
    private async Task<ServiceProvider> LeadAsync()
    {
        var options = new DatabaseOptions { ConnectionString = Database.ConnectionString };
        var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddSingleton(Microsoft.Extensions.Options.Options.Create(options))
            .AddSingleton(options.ToDataSource())
            .AddSingleton<EmbeddedDatabaseGate>()
            .AddSingleton<SchedulerEpoch>()
            .AddSingleton<EpochLock>()
            .AddSingleton<RunBatchWriter>()
            .AddDbContext<SchedulerDbContext>((provider, builder) => SchedulerDbContext.Use(
                builder, options, provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<EpochLock>()))
            .BuildServiceProvider();
        await new DatabaseSchema(services.GetRequiredService<IServiceScopeFactory>()).PrepareAsync(Token);
        await services.GetRequiredService<SchedulerEpoch>().BeginAsync(Token);
        return services;
    }

    private static RunWrite NewRun() => new(
        new TestRun { CorrelationId = Guid.NewGuid(), CurrentState = "Submitted", Version = 1, SubmittedAt = TimeProvider.System.GetUtcNow() }, isNew: true, isChanged: true);

    private static RunWrite EndedRun()
    {
        var write = NewRun();
        write.Run.CurrentState = "Completed";
        write.Run.EndedAt = write.Run.SubmittedAt - TimeSpan.FromDays(31);
        return write;
    }

    private static Task<Pruned> PruneAsync(ServiceProvider services) => new Pruner(
        services.GetRequiredService<IServiceScopeFactory>(),
        services.GetRequiredService<EmbeddedDatabaseGate>(),
        Microsoft.Extensions.Options.Options.Create(new SchedulerOptions()),
        TimeProvider.System,
        services.GetRequiredService<Microsoft.Extensions.Logging.ILogger<Pruner>>()).PruneAsync(Token);

    private static Task<RunsCommitted> StoreAsync(ServiceProvider services, RunWrite write) => services.GetRequiredService<RunBatchWriter>().StoreAsync([write]);

    private static async Task SaveAsync(ServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        database.Add(new ChangeRow { RunId = Guid.NewGuid(), State = "refused", At = TimeProvider.System.GetUtcNow() });
        await database.SaveChangesAsync(Token);
    }
}
