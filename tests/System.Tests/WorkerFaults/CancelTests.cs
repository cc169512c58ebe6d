using System.Net;
using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>A run that a worker has ends when the worker says so; until then it holds what it holds.</summary>
public sealed class CancelTests(TestServers servers) : WorkerFaultTest(servers)
{
    [Fact]
    public async Task A_cancelled_run_ends_when_its_worker_confirms_and_only_then_gives_its_key_and_its_device_away()
    {
        var scheduler = await StartSchedulerAsync();
        var worker = await ConnectScriptedWorkerAsync("w1", slots: 2);
        worker.Capabilities["accelerators"] = new JsonArray(new JsonObject { ["type"] = "cuda", ["id"] = "gpu-0", ["memoryGb"] = 16 });
        await worker.RegisterAsync();
        var (assigned, running, last) = (Keyed("assigned"), Keyed("running"), Keyed("last"));

        await Client.SubmitAsync(assigned);
        var first = await worker.NextRunAsync();
        await Client.SubmitAsync(running);
        Assert.Equal(HttpStatusCode.OK, await scheduler.CancelAsync(first.RunId, "not wanted"));
        await worker.WaitForCommandAsync("recallTest", first.RunId);
        await AssertHoldsAsync(scheduler, worker, first, "Assigned");
        await worker.ReportAsync(new JsonObject { ["type"] = "testRecalled", ["runId"] = first.RunId, ["attempt"] = 1, ["started"] = false });
        Assert.Equal("Cancelled", (await scheduler.WaitForEndAsync(first.RunId)).State);

        var second = await worker.NextRunAsync();
        Assert.Equal(Submission.RunIdOf(running), second.RunId);
        await worker.ReportStartedAsync(second);
        await scheduler.WaitForRunAsync(second.RunId, run => run.State == "Running", "runs");
        await Client.SubmitAsync(last);
        await Client.CancelAsync(second.RunId, "not wanted");
        await worker.WaitForCommandAsync("stopTest", second.RunId);
        await AssertHoldsAsync(scheduler, worker, second, "Running");
        await worker.ReportFinishedAsync(second, "stopped");
        Assert.Equal("Cancelled", (await scheduler.WaitForEndAsync(second.RunId)).State);

        Assert.Equal(Submission.RunIdOf(last), (await worker.NextRunAsync()).RunId);
    }

    [Fact]
    public async Task A_run_that_waits_or_is_unknown_is_cancelled_at_once_and_one_that_ended_not_at_all()
    {
        var scheduler = await StartSchedulerAsync();
        var events = await FollowEventsAsync();
        var (waiting, unknown, ended) = (Submission.Shell("true"), Submission.Shell("true"), Submission.Shell("true"));

        await Client.SubmitAsync(waiting);
        await events.WaitForAsync(Submission.RunIdOf(waiting), "Submitted");
        Assert.Equal(HttpStatusCode.OK, await scheduler.CancelAsync(Submission.RunIdOf(waiting), "not wanted"));
        Assert.Equal(HttpStatusCode.OK, await scheduler.CancelAsync(Submission.RunIdOf(unknown), "not wanted"));
        Assert.Equal("duplicate", (await scheduler.SubmitAsync(unknown)).Status);

        var worker = await ConnectScriptedWorkerAsync("w1");
        await worker.RegisterAsync();
        await Client.SubmitAsync(ended);
        var run = await worker.NextRunAsync();
        Assert.Equal(Submission.RunIdOf(ended), run.RunId);
        await worker.ReportStartedAsync(run);
        await worker.ReportFinishedAsync(run);
        await scheduler.WaitForEndAsync(run.RunId);
        Assert.Equal(HttpStatusCode.Conflict, await scheduler.CancelAsync(run.RunId, "too late"));

        Assert.Equal("Completed", (await scheduler.GetRunAsync(run.RunId))!.State);
        Assert.All([waiting, unknown], test => Assert.Equal("Cancelled", events.Of(Submission.RunIdOf(test)).Last(change => change.State != "duplicate").State));
        Assert.Single(worker.Received);
    }

    private static async Task AssertHoldsAsync(SchedulerProcess scheduler, ScriptedWorker worker, ScriptedRun run, string state)
    {
        Assert.Equal(state, (await scheduler.GetRunAsync(run.RunId))!.State);
        var view = (await scheduler.WorkerAsync(worker.Id))!;
        Assert.Equal((1, "gpu-0"), (view.BusySlots, Assert.Single(view.ReservedDevices).Id));
        Assert.Same(run, worker.Received[^1]);
    }

    private static JsonObject Keyed(string name) => Submission.Shell(
        "true", testId: name, more: [Requiring("requiredAccelerators", new JsonObject { ["cuda"] = 0.5 }), ("concurrencyKeys", new JsonArray("license"))]);
}
