using System.Globalization;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>Workers that die, fall silent, cannot be reached, or say things twice and in the wrong order.</summary>
public sealed class WorkerLossTests(TestServers servers) : SystemTest(servers)
{
    private static readonly (string Name, string Value)[] ShortLease =
        [("Scheduler__LeaseDuration", "00:00:15"), ("Scheduler__KillGrace", "00:00:02")];

    [Fact]
    public async Task The_run_of_a_killed_worker_is_repeated_on_another_one_and_its_process_is_gone()
    {
        var scheduler = await StartSchedulerAsync(ShortLease);
        var first = await StartWorkerAsync(scheduler, "first", settings: ("Worker__HeartbeatInterval", "00:00:01"));
        var events = await FollowEventsAsync();
        var submission = Submission.Shell($"if mkdir {Folder}/once; then echo $$ > {Folder}/pid; exec sleep 1000; fi");
        var runId = Submission.RunIdOf(submission);
        await Client.SubmitAsync(submission);
        await events.WaitForAsync(runId, "Running");
        await Eventually.TrueAsync("the process wrote its id", () => File.Exists($"{Folder}/pid") && new FileInfo($"{Folder}/pid").Length > 0);

        await first.KillAsync();
        await StartWorkerAsync(scheduler, "second", settings: ("Worker__HeartbeatInterval", "00:00:01"));

        var run = await scheduler.WaitForEndAsync(runId);
        Assert.Equal(("Completed", 2, "second"), (run.State, run.Attempt, run.WorkerId));
        var processId = int.Parse(await File.ReadAllTextAsync($"{Folder}/pid", TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
        await Eventually.TrueAsync("the first attempt's process is gone", () => !IsAlive(processId));
    }

    [Fact]
    public async Task A_late_result_of_a_lost_attempt_changes_nothing()
    {
        var scheduler = await StartSchedulerAsync(ShortLease);
        var silent = await ConnectScriptedWorkerAsync("silent");
        await silent.RegisterAsync();
        var submission = Submission.Shell("true");
        var runId = Submission.RunIdOf(submission);
        await Client.SubmitAsync(submission);
        var lost = await silent.NextRunAsync();
        await silent.ReportStartedAsync(lost);
        await silent.FallSilentAsync();

        var second = await ConnectScriptedWorkerAsync("second", slots: 2);
        await second.RegisterAsync();
        var repeated = await second.NextRunAsync();
        Assert.Equal((runId, 2), (repeated.RunId, repeated.Attempt));
        await second.ReportStartedAsync(repeated);
        await silent.ReportFinishedAsync(lost, "failed");
        await FenceAsync(second);
        Assert.Equal("Running", (await scheduler.GetRunAsync(runId))!.State);

        await second.ReportFinishedAsync(repeated);
        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(runId)).State);
        await silent.ReportFinishedAsync(lost, "failed");
        await FenceAsync(second);
        var run = await scheduler.GetRunAsync(runId);
        Assert.Equal(("Completed", 2, "second"), (run!.State, run.Attempt, run.WorkerId));
    }

    [Fact]
    public async Task A_run_that_must_not_be_repeated_fails_when_its_worker_is_lost()
    {
        var scheduler = await StartSchedulerAsync(ShortLease);
        var silent = await ConnectScriptedWorkerAsync("silent");
        await silent.RegisterAsync();
        var submission = Submission.Shell("true", more: ("requeueOnWorkerLoss", false));
        await Client.SubmitAsync(submission);
        await silent.ReportStartedAsync(await silent.NextRunAsync());

        await silent.FallSilentAsync();

        var run = await scheduler.WaitForEndAsync(Submission.RunIdOf(submission));
        Assert.Equal(("Failed", "WorkerLost"), (run.State, run.FailureKind));
        Assert.Contains("silent", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_assignment_that_cannot_be_routed_is_requeued_and_runs_elsewhere()
    {
        var scheduler = await StartSchedulerAsync();
        var unreachable = await ConnectScriptedWorkerAsync("unreachable");
        await unreachable.RegisterAsync();
        var events = await FollowEventsAsync();
        // Its next heartbeat would make the scheduler bind it again.
        await unreachable.StopHeartbeatsAsync();
        await Broker.DeleteQueueAsync("worker-unreachable");
        await Broker.DeleteExchangeAsync("worker-unreachable");
        var submission = Submission.Shell("true");
        var runId = Submission.RunIdOf(submission);

        await Client.SubmitAsync(submission);
        var requeued = await events.WaitForAsync(runId, "Requeued");
        Assert.NotEmpty(requeued.Reason);
        await StartWorkerAsync(scheduler, "reachable");

        var run = await scheduler.WaitForEndAsync(runId);
        Assert.Equal(("Completed", "reachable"), (run.State, run.WorkerId));
        Assert.True(run.Attempt >= 2);
    }

    [Fact]
    public async Task Reports_that_come_twice_and_in_the_wrong_order_end_in_the_same_state()
    {
        var scheduler = await StartSchedulerAsync();
        var worker = await ConnectScriptedWorkerAsync("w1");
        await worker.RegisterAsync();
        var submission = Submission.Shell("true");
        var runId = Submission.RunIdOf(submission);
        await Client.SubmitAsync(submission);
        var run = await worker.NextRunAsync();

        await worker.ReportFinishedAsync(run);
        await worker.ReportFinishedAsync(run);
        await worker.ReportAsync(ScriptedWorker.StartedReport(run));
        await worker.ReportAsync(ScriptedWorker.StartedReport(run), ScriptedWorker.FinishedReport(run, "failed"));

        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(runId)).State);
        await FenceAsync(worker);
        var after = await scheduler.GetRunAsync(runId);
        Assert.Equal(("Completed", 1), (after!.State, after.Attempt));
        Assert.Single(after.Timeline, change => change.State is "Completed" or "Failed" or "Cancelled");
        Assert.Equal(0, Assert.Single(await scheduler.WorkersAsync()).BusySlots);
    }

    /// <summary>
    /// Everything reported before has been handled when a run that this worker reports afterwards is complete: its reports share one
    /// queue. It must be free to take one more run.
    /// </summary>
    private async Task FenceAsync(ScriptedWorker worker)
    {
        var events = await FollowEventsAsync();
        var submission = Submission.Shell("true", testId: "fence");
        await Client.SubmitAsync(submission);
        var run = await worker.NextRunAsync();
        await worker.ReportStartedAsync(run);
        await worker.ReportFinishedAsync(run);
        await events.WaitForAsync(Submission.RunIdOf(submission), "Completed");
    }

    private static bool IsAlive(int processId) => Directory.Exists($"/proc/{processId}");
}
