using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>The life of a run, submitted in plain AMQP and JSON by a client that is not ours.</summary>
public sealed class FlowTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task A_submitted_test_is_decided_assigned_run_and_announced()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1");
        var events = await FollowEventsAsync();
        // It ends when its start was heard of: reports that follow within a moment may be read in any order.
        var submission = Submission.Shell($"until [ -e {Folder}/end ]; do sleep 0.05; done", testId: "flow", more: ("testType", "unit"));
        var runId = Submission.RunIdOf(submission);

        await Client.SubmitAsync(submission);
        await events.WaitForAsync(runId, "Running");
        await File.WriteAllTextAsync(Path.Combine(Folder, "end"), "", TestContext.Current.CancellationToken);
        string[] states = ["Submitted", "Assigned", "Running", "Completed"];
        foreach (var state in states)
            await events.WaitForAsync(runId, state);

        var seen = events.All.Where(change => change.RunId == runId).DistinctBy(change => change.Sequence).OrderBy(change => change.Sequence).ToList();
        Assert.Equal(states, seen.Select(change => change.State));
        Assert.Equal(["unit.submitted", "unit.assigned", "unit.running", "unit.completed"], seen.Select(change => change.RoutingKey));
        Assert.All(seen.Skip(1), change => Assert.Equal(("w1", 1), (change.WorkerId, change.Attempt)));
        var run = await scheduler.WaitForEndAsync(runId);
        Assert.Equal(("Completed", 1, "w1"), (run.State, run.Attempt, run.WorkerId));
        Assert.Equal(0, Assert.Single(run.Attempts).ExitCode);
    }

    [Fact]
    public async Task A_decision_is_stored_with_its_reason_before_the_run_starts()
    {
        var scheduler = await StartSchedulerAsync();
        var worker = await ConnectScriptedWorkerAsync("w1");
        await worker.RegisterAsync();
        var submission = Submission.Shell("true");
        var runId = Submission.RunIdOf(submission);

        await Client.SubmitAsync(submission);
        await worker.NextRunAsync();

        var decision = Assert.Single((await scheduler.ExplainAsync(runId))!.Decisions);
        Assert.Equal((1, "w1"), (decision.Attempt, decision.WorkerId));
        Assert.NotEmpty(decision.Policy);
        Assert.NotEmpty(decision.Reason);
        const string Stored = "SELECT count(*) FROM decisions WHERE run_id = @run AND attempt = 1 AND worker_id = 'w1' AND reason <> ''";
        Assert.Equal(1, await Database.ScalarAsync<long>(Stored, ("run", runId)));
    }

    [Fact]
    public async Task A_test_that_fails_and_one_that_runs_too_long_end_as_failed_with_their_kind()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1", slots: 2);
        var failing = Submission.Shell("echo the disk is on fire; exit 3", testId: "failing");
        var endless = Submission.Shell("exec sleep 1000", testId: "endless", more: ("timeoutSeconds", 1));

        await Client.SubmitAsync(failing);
        await Client.SubmitAsync(endless);

        var failed = await scheduler.WaitForEndAsync(Submission.RunIdOf(failing));
        Assert.Equal(("Failed", "TestFailed"), (failed.State, failed.FailureKind));
        Assert.Contains("3", failed.Error, StringComparison.Ordinal);
        var timedOut = await scheduler.WaitForEndAsync(Submission.RunIdOf(endless));
        Assert.Equal(("Failed", "TimedOut"), (timedOut.State, timedOut.FailureKind));
    }

    [Fact]
    public async Task A_failed_attempt_is_repeated_as_often_as_the_submitter_allowed()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1");
        var flaky = Submission.Shell($"! mkdir {Folder}/first", testId: "flaky", more: ("retries", 1));

        await Client.SubmitAsync(flaky);

        var run = await scheduler.WaitForEndAsync(Submission.RunIdOf(flaky));
        Assert.Equal(("Completed", 2), (run.State, run.Attempt));
    }

    [Fact]
    public async Task A_cancelled_run_is_stopped_and_a_cancel_is_remembered_for_a_run_that_comes_later()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1");
        var events = await FollowEventsAsync();
        var endless = Submission.Shell("exec sleep 1000", testId: "endless");
        await Client.SubmitAsync(endless);
        await events.WaitForAsync(Submission.RunIdOf(endless), "Running");

        await Client.CancelAsync(Submission.RunIdOf(endless), "no longer wanted");
        var run = await scheduler.WaitForEndAsync(Submission.RunIdOf(endless));
        Assert.Equal("Cancelled", run.State);

        var late = Submission.Shell("true", testId: "late");
        await Client.CancelAsync(Submission.RunIdOf(late), "cancelled first");
        await events.WaitForAsync(Submission.RunIdOf(late), "Cancelled");
        await Client.SubmitAsync(late);
        await events.WaitForAsync(Submission.RunIdOf(late), "duplicate");
        Assert.Equal("Cancelled", (await scheduler.GetRunAsync(Submission.RunIdOf(late)))!.State);
    }
}
