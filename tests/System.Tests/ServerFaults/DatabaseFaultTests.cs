using System.Diagnostics;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;
using Npgsql;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>The database server crashes, stops, or does not write.</summary>
public sealed class DatabaseFaultTests(TestServers servers, OwnDatabase database) : ServerFaultTest(servers), IClassFixture<OwnDatabase>
{
    private const int MaxLinesPerSecond = 20;

    private protected override DatabaseServer DatabaseServer => database.Server;

    [Fact]
    public async Task Nothing_is_lost_or_run_twice_when_the_database_server_crashes_during_work()
    {
        var scheduler = await StartSchedulerAsync();
        await StartSteadyWorkerAsync(scheduler, "w1");
        await SubmitAsync(Journal.Tests("short", 30));
        foreach (var ended in new[] { 4, 12, 20 })
        {
            await Eventually.TrueAsync($"{ended} tests have ended", () => Journal.Ended >= ended);
            await database.Program.BeAwayAsync(database.Program.CrashAsync, () => Task.CompletedTask);
        }

        await EachEndsOnceAsync(scheduler);
        await scheduler.WaitUntilReadyAsync();
    }

    [Fact]
    public async Task Results_submissions_and_heartbeats_wait_for_a_stopped_database_server()
    {
        var scheduler = await StartSchedulerAsync();
        await StartSteadyWorkerAsync(scheduler, "w1");
        await SubmitRunningAsync(scheduler, 3, "gate");

        await database.Program.BeAwayAsync(database.Program.StopAsync, async () =>
        {
            Journal.Open("gate");
            await SubmitAsync(Journal.Tests("meanwhile", 40));
            await scheduler.WaitUntilNotReadyAsync("database");
            await Task.Delay(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        });

        await EachEndsOnceAsync(scheduler);
        await scheduler.WaitUntilReadyAsync();
    }

    [Fact]
    public async Task A_read_only_database_is_named_waited_for_and_not_hammered()
    {
        var scheduler = await StartSchedulerAsync();
        await StartSteadyWorkerAsync(scheduler, "w1");
        await SubmitRunningAsync(scheduler, 3, "gate");

        await Database.SetWritableAsync(false);
        var (linesBefore, since) = (LinesOf(scheduler), Stopwatch.GetTimestamp());
        Journal.Open("gate");
        await SubmitAsync(Journal.Tests("meanwhile", 5));
        await scheduler.WaitUntilNotReadyAsync("read-only");
        await Task.Delay(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        var linesPerSecond = (LinesOf(scheduler) - linesBefore) / Stopwatch.GetElapsedTime(since).TotalSeconds;
        await Database.SetWritableAsync(true);

        await EachEndsOnceAsync(scheduler);
        await scheduler.WaitUntilReadyAsync();
        Assert.True(linesPerSecond < MaxLinesPerSecond, $"{linesPerSecond:0} lines a second\n{scheduler.Log}");
    }

    [Fact]
    public async Task A_transaction_that_was_ended_while_its_scheduler_was_frozen_is_tried_again()
    {
        var scheduler = await StartSchedulerAsync();
        await Database.ScalarAsync<object>("""
            CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER stall AFTER INSERT ON changes FOR EACH ROW EXECUTE FUNCTION stall()
            """);
        var test = Journal.Test("slow");
        await SubmitAsync(test);
        await Eventually.TrueAsync("the transaction stalls", async () => await TransactionsAsync("wait_event = 'PgSleep'") > 0);

        scheduler.Pause();
        await Database.ScalarAsync<object>("ALTER TABLE changes DISABLE TRIGGER stall");
        await Eventually.TrueAsync("the server has ended the transaction", async () => await TransactionsAsync("xact_start IS NOT NULL") == 0);
        scheduler.Resume();

        await StartSteadyWorkerAsync(scheduler, "w1");
        await EachEndsOnceAsync(scheduler);
    }

    [Fact]
    public async Task Whoever_may_not_log_in_for_a_while_waits_for_it_and_loses_nothing()
    {
        await Database.ScalarAsync<object>("CREATE ROLE scheduler SUPERUSER LOGIN");
        var own = new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Username = "scheduler" };
        var scheduler = await LaunchSchedulerAsync(Broker.Url, own.ConnectionString);
        await scheduler.WaitUntilReadyAsync();

        await Database.ScalarAsync<object>("ALTER ROLE scheduler NOLOGIN");
        await Database.ScalarAsync<object>("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'scheduler'");
        await SubmitAsync(Journal.Tests("meanwhile", 5));
        await scheduler.WaitUntilNotReadyAsync("not permitted to log in");
        await Eventually.TrueAsync("a submission waits", () => scheduler.Output.Contains("waits for the database", StringComparison.Ordinal));
        await Database.ScalarAsync<object>("ALTER ROLE scheduler LOGIN");

        await StartSteadyWorkerAsync(scheduler, "w1");
        await EachEndsOnceAsync(scheduler);
    }

    /// <summary>Other transactions in the test's database that are in this state.</summary>
    private Task<long> TransactionsAsync(string state) => Database.ScalarAsync<long>(
        $"SELECT count(*) FROM pg_stat_activity WHERE {state} AND datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'");

    private static int LinesOf(ServiceProcess process) => process.Output.Count(character => character == '\n');
}
