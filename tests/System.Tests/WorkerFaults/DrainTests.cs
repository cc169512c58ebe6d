using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>Workers that are run empty and taken into use again.</summary>
public sealed class DrainTests(TestServers servers) : WorkerFaultTest(servers)
{
    [Fact]
    public async Task A_drained_worker_ends_what_runs_and_gets_nothing_until_it_is_resumed_whoever_is_restarted()
    {
        var scheduler = await StartSchedulerAsync(LongLease);
        var drained = await StartWorkerAsync(scheduler, "w1", slots: 2, settings: [.. Quick, ("Worker__Labels__disk", "new")]);
        await StartWorkerAsync(scheduler, "w2", settings: Quick);
        var (running, waiting) = (NewJournal("running"), NewJournal("waiting"));
        var runningId = await SubmitAsync(running, OnNewDisk());
        await running.StartedAsync(1);

        await scheduler.DrainAsync("w1", "a new disk");
        Assert.Equal(("draining", "a new disk"), ((await scheduler.WorkerAsync("w1"))!.Status, (await scheduler.WorkerAsync("w1"))!.DrainReason));
        var waitingId = await SubmitAsync(waiting, OnNewDisk());
        await AssertPassedOverAsync(scheduler, waitingId);
        running.LetEnd(1);
        Assert.Equal(("Completed", 1), ((await scheduler.WaitForEndAsync(runningId)).State, running.Attempts.Single()));

        Assert.Equal(0, await drained.StopAsync());
        await LaunchWorkerAsync("w1", slots: 2, settings: [.. Quick, ("Worker__Labels__disk", "new")]);
        await scheduler.WaitForWorkerAsync("w1", "draining");
        await AssertPassedOverAsync(scheduler, waitingId);
        await scheduler.KillAsync();
        scheduler = await StartSchedulerAsync(LongLease);
        await scheduler.WaitForWorkerAsync("w1", "draining");
        await AssertPassedOverAsync(scheduler, waitingId);

        await scheduler.EndDrainAsync("w1");
        waiting.LetEnd(1);
        var run = await scheduler.WaitForEndAsync(waitingId);
        Assert.Equal(("Completed", 1, "w1"), (run.State, run.Attempt, run.WorkerId));
    }

    [Fact]
    public async Task What_a_drained_worker_holds_goes_back_and_what_still_runs_at_the_deadline_goes_on_elsewhere_at_no_cost()
    {
        var scheduler = await StartSchedulerAsync([.. LongLease, ("Scheduler__MaxInfrastructureAttempts", "1")]);
        var holder = await ConnectScriptedWorkerAsync("holder");
        await holder.RegisterAsync();
        var held = NewJournal("held");
        var heldId = await SubmitAsync(held);
        var assignment = await holder.NextRunAsync();
        await scheduler.DrainAsync("holder", "a new disk");
        await holder.WaitForCommandAsync("drainWorker", _ => true);
        await holder.ReportAsync(new JsonObject { ["type"] = "testRecalled", ["runId"] = heldId, ["attempt"] = assignment.Attempt, ["started"] = false });
        await scheduler.WaitForRunAsync(heldId, run => run.State == "Requeued", "is given back");

        await StartWorkerAsync(scheduler, "w1", settings: Quick);
        await held.StartedAsync(2);
        await StartWorkerAsync(scheduler, "w2", settings: Quick);
        await scheduler.DrainAsync("w1", "a new disk", deadlineSeconds: 1);

        await held.StartedAsync(3);
        Assert.Equal("w2", held.WorkerOf(3));
        held.LetEnd();
        var run = await scheduler.WaitForEndAsync(heldId);
        Assert.Equal(("Completed", 3), (run.State, run.Attempt));
        Assert.Single(holder.Received);
        held.AssertOneAtATime();
    }

    private static (string Name, JsonNode Value) OnNewDisk() => Requiring("labels", new JsonObject { ["disk"] = "new" });

    /// <summary>A run that was submitted later has come and gone on the other worker.</summary>
    private async Task AssertPassedOverAsync(SchedulerProcess scheduler, Guid runId)
    {
        var fence = NewJournal($"{Guid.NewGuid():N}");
        fence.LetEnd();
        Assert.Equal("w2", (await scheduler.WaitForEndAsync(await SubmitAsync(fence))).WorkerId);
        Assert.Equal("Submitted", (await scheduler.GetRunAsync(runId))!.State);
    }
}
