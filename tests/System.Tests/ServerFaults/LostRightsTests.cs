using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>
/// What a worker may do at the broker is taken away while its tests run. An operator may have slipped, so the tests go on and the worker
/// says once what is missing.
/// </summary>
public sealed class LostRightsTests(TestServers servers) : ServerFaultTest(servers)
{
    private const string Declared = "^worker-(w1(-control|-reply-[0-9a-f]+)?|events|heartbeats)$";
    private const string Written = Declared;
    private const string Read = "^worker-w1(-control|-reply-[0-9a-f]+)?$";

    [Theory]
    [InlineData("^worker-(w1(-control|-reply-[0-9a-f]+)?|heartbeats)$", Read, "write right on exchange 'worker-events'")]
    [InlineData("^worker-(w1(-control|-reply-[0-9a-f]+)?|events)$", Read, "write right on exchange 'worker-heartbeats'")]
    [InlineData(Written, "^worker-w1(-reply-[0-9a-f]+)?$", "read right on queue and exchange 'worker-w1-control'")]
    public async Task Tests_go_on_while_a_right_is_missing_and_their_results_come_when_it_is_back(string write, string read, string missing)
    {
        var scheduler = await StartSchedulerAsync(("Scheduler__LeaseDuration", "00:03:00"));
        var user = await Broker.NewUserAsync(Declared, Written, Read);
        var worker = await StartAsAsync(user, scheduler);
        await SubmitRunningAsync(scheduler, 2, "gate");

        await Broker.SetRightsAsync(user, Declared, write, read);
        await CutWorkerAsync();
        await ItSaysAsync(worker, missing);
        Journal.Open("gate");
        await Eventually.TrueAsync("the tests have ended", () => Journal.Ended == 2);
        await Broker.SetRightsAsync(user, Declared, Written, Read);

        await Eventually.TrueAsync("the worker says that it may again", () => Says(worker, "may do again"));
        await SubmitAsync(Journal.Test("after"));
        await EachEndsOnceAsync(scheduler);
        SaidItOnce(worker);
    }

    [Fact]
    public async Task A_worker_that_is_let_in_no_longer_says_so_and_works_again_when_it_is()
    {
        var scheduler = await StartSchedulerAsync(("Scheduler__LeaseDuration", "00:00:20"));
        var user = await Broker.NewUserAsync(Declared, Written, Read);
        var worker = await StartAsAsync(user, scheduler);

        await Broker.SetPasswordAsync(user, "another");
        await CutWorkerAsync();
        await ItSaysAsync(worker, "password is wrong");
        await scheduler.WaitForWorkerAsync("w1", "lost");
        await Broker.SetPasswordAsync(user, user.UserInfo.Split(':')[1]);

        await SubmitAsync(Journal.Test("after"));
        await EachEndsOnceAsync(scheduler);
        SaidItOnce(worker);
    }

    [Fact]
    public async Task A_worker_that_was_not_let_in_while_it_registered_is_heard_afterwards()
    {
        var user = await Broker.NewUserAsync(Declared, Written, Read);
        var worker = await LaunchWorkerAsync("w1", slots: 4, broker: user);
        await Eventually.TrueAsync("it waits for its answer", async () => (await Broker.QueuesAsync()).Any(queue =>
            queue.GetProperty("name").GetString()!.StartsWith("worker-w1-reply-", StringComparison.Ordinal) &&
            queue.TryGetProperty("consumers", out var consumers) && consumers.GetInt32() > 0));

        await Broker.SetPasswordAsync(user, "another");
        await CutWorkerAsync();
        await ItSaysAsync(worker, "password is wrong");
        await Broker.SetPasswordAsync(user, user.UserInfo.Split(':')[1]);
        var scheduler = await StartSchedulerAsync();

        await scheduler.WaitForWorkerAsync("w1");
        await SubmitAsync(Journal.Test("after"));
        await EachEndsOnceAsync(scheduler);
    }

    private async Task<WorkerProcess> StartAsAsync(Uri user, SchedulerProcess scheduler)
    {
        var worker = await LaunchWorkerAsync("w1", slots: 4, broker: user, settings: ("Worker__HeartbeatInterval", "00:00:01"));
        await scheduler.WaitForWorkerAsync("w1");
        return worker;
    }

    /// <summary>The management API knows a connection a moment later than it is made.</summary>
    private Task CutWorkerAsync() =>
        Eventually.TrueAsync("connections of the worker were cut", async () => await Broker.CutConnectionsAsync("worker-w1") > 0);

    private static Task ItSaysAsync(WorkerProcess worker, string what) =>
        Eventually.TrueAsync($"the worker says: {what}", () => Says(worker, what));

    private static void SaidItOnce(WorkerProcess worker)
    {
        Assert.Single(worker.Output.Split('\n'), line => line.Contains("no longer allows", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", worker.Output, StringComparison.Ordinal);
    }

    private static bool Says(WorkerProcess worker, string what) => worker.Output.Contains(what, StringComparison.Ordinal);
}
