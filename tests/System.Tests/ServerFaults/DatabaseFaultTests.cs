using System.Diagnostics;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

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

    private static int LinesOf(ServiceProcess process) => process.Output.Count(character => character == '\n');
}
