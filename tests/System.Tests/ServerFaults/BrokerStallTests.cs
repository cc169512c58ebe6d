using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>The broker keeps its connections, and takes nothing.</summary>
public sealed class BrokerStallTests(TestServers servers, OwnBroker broker) : ServerFaultTest(servers), IClassFixture<OwnBroker>
{
    private protected override BrokerServer BrokerServer => broker.Server;

    [Fact]
    public async Task No_lease_ends_while_the_broker_is_frozen()
    {
        var scheduler = await StartSchedulerAsync(("Scheduler__LeaseDuration", "00:00:15"));
        await StartSteadyWorkerAsync(scheduler, "w1");
        await SubmitRunningAsync(scheduler, 3, "gate");

        await broker.Program.FreezeAsync(async () =>
        {
            Journal.Open("gate");
            await SubmitToAsync(scheduler, Journal.Tests("meanwhile", 3));
            await scheduler.WaitUntilNotReadyAsync("heartbeats");
            // With the ten seconds of silence that make it not ready, longer than the lease.
            await Task.Delay(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        });

        // What was assigned and not sent is handed out again, to the session that follows the one nobody answered.
        await EachCompletesAsync(scheduler, maxAttempt: 3);
        ShowsEachOnce();
        Assert.DoesNotContain("was lost", scheduler.Output, StringComparison.Ordinal);
        await scheduler.WaitUntilReadyAsync();
    }

    [Fact]
    public Task No_lease_ends_while_the_broker_blocks_publishers_for_want_of_memory() => NoLeaseEndsAsync(
        raise: ["set_vm_memory_high_watermark", "absolute", "10MB"],
        lift: ["set_vm_memory_high_watermark", "absolute", PrivateRabbitMq.MemoryLimit]);

    [Fact]
    public Task No_lease_ends_while_the_broker_blocks_publishers_for_want_of_disk() => NoLeaseEndsAsync(
        raise: ["set_disk_free_limit", "1000000GB"],
        lift: ["set_disk_free_limit", PrivateRabbitMq.DiskLimit]);

    private async Task NoLeaseEndsAsync(string[] raise, string[] lift)
    {
        var scheduler = await StartSchedulerAsync();
        await StartSteadyWorkerAsync(scheduler, "w1");
        await SubmitRunningAsync(scheduler, 3, "gate");

        await broker.Program.ControlAsync(raise);
        try
        {
            Journal.Open("gate");
            await SubmitToAsync(scheduler, Journal.Tests("meanwhile", 3));
            await scheduler.WaitUntilNotReadyAsync("heartbeats");
        }
        finally
        {
            await broker.Program.ControlAsync(lift);
        }

        await EachEndsOnceAsync(scheduler);
        await scheduler.WaitUntilReadyAsync();
    }
}
