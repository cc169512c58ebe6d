using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>The broker stops, dies, or is not there yet.</summary>
public sealed class BrokerFaultTests(TestServers servers, OwnBroker broker) : ServerFaultTest(servers), IClassFixture<OwnBroker>
{
    private const string Unusable = "The broker cannot be used yet";

    private protected override BrokerServer BrokerServer => broker.Server;

    [Fact]
    public async Task Tests_run_on_while_the_broker_restarts_and_work_goes_on_afterwards()
    {
        // A clean restart of the broker alone takes 15 s, and more on a busy machine: the default lease would be too near.
        var scheduler = await StartSchedulerAsync(("Scheduler__LeaseDuration", "00:02:00"));
        await RunThroughOutageAsync(scheduler, broker.Program.StopAsync);
    }

    [Fact]
    public async Task Tests_run_on_while_the_broker_is_killed_and_what_it_confirmed_is_not_lost()
    {
        var scheduler = await StartSchedulerAsync();
        await RunThroughOutageAsync(scheduler, broker.Program.CrashAsync);
    }

    [Fact]
    public async Task What_starts_before_the_broker_waits_for_it_and_then_begins_by_itself()
    {
        SchedulerProcess? scheduler = null;
        WorkerProcess? worker = null;
        await broker.Program.BeAwayAsync(broker.Program.StopAsync, async () =>
        {
            scheduler = await LaunchSchedulerAsync(Broker.Url, Database.ConnectionString);
            worker = await LaunchWorkerAsync("w1", broker: Broker.Url);
            await scheduler.WaitUntilNotReadyAsync("broker");
            await Eventually.TrueAsync("the scheduler has tried", () => LinesWith(scheduler, Unusable) >= 1);
            await Eventually.TrueAsync("the worker has tried three times", () => LinesWith(worker, "cannot be reached") >= 3);
        });

        await scheduler!.WaitUntilReadyAsync();
        await scheduler.WaitForWorkerAsync("w1");
        await SubmitToAsync(scheduler, Journal.Test("first"));
        await EachEndsOnceAsync(scheduler);
        Assert.InRange(LinesWith(scheduler, Unusable), 1, 10);
        Assert.DoesNotContain("   at ", scheduler.Output + worker!.Output, StringComparison.Ordinal);
    }

    private async Task RunThroughOutageAsync(SchedulerProcess scheduler, Func<Task> end)
    {
        await StartSteadyWorkerAsync(scheduler, "w1");
        await SubmitRunningAsync(scheduler, 3, "gate");
        await QueuesHaveSettledAsync();
        await SubmitAsync(Journal.Tests("before", 5));

        await broker.Program.BeAwayAsync(end, async () =>
        {
            // Their results wait for the broker; these are accepted without it.
            Journal.Open("gate");
            await SubmitToAsync(scheduler, Journal.Tests("meanwhile", 3));
        });

        await EachEndsOnceAsync(scheduler);
        await scheduler.WaitUntilReadyAsync();
    }

    private static int LinesWith(ServiceProcess process, string text) =>
        process.Output.Split('\n').Count(line => line.Contains(text, StringComparison.Ordinal));
}
