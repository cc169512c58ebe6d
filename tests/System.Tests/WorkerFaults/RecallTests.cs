using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>Runs that are asked back while they start.</summary>
public sealed class RecallTests(TestServers servers) : WorkerFaultTest(servers)
{
    private const int Runs = 30;

    [Fact]
    public async Task A_run_that_is_asked_back_while_it_starts_was_given_back_or_runs_there_and_never_both()
    {
        // As soon as it is assigned it is overdue, so that every start races with a recall.
        var scheduler = await StartSchedulerAsync(
            [("Scheduler__StartTimeout", "00:00:00.040"), ("Scheduler__SweepInterval", "00:00:00.010")]);
        await StartWorkerAsync(scheduler, "w1", slots: 4, settings: Quick);
        var submissions = Enumerable.Range(0, Runs)
            .Select(i => Submission.Shell($"echo $LB_ATTEMPT >> {Folder}/{i}; sleep 0.1", testId: $"recalled-{i}"))
            .ToList();

        foreach (var submission in submissions)
        {
            await Client.SubmitAsync(submission);
        }

        for (var i = 0; i < Runs; i++)
        {
            var run = await scheduler.WaitForEndAsync(Submission.RunIdOf(submissions[i]));
            Assert.Equal("Completed", run.State);
            var attempts = await File.ReadAllLinesAsync(Path.Combine(Folder, $"{i}"), TestContext.Current.CancellationToken);
            Assert.Equal([$"{run.Attempt}"], attempts);
            // Its result may overtake its start.
            Assert.All(run.Timeline.Where(change => change.State == "Running"), change => Assert.Equal(run.Attempt, change.Attempt));
        }
    }

    [Fact]
    public async Task A_run_that_is_cancelled_while_it_starts_was_given_back_or_is_stopped_and_never_both()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1", slots: 4, settings: Quick);
        var events = await FollowEventsAsync();

        var neverStarted = 0;
        for (var i = 0; i < Runs; i++)
        {
            var submission = Submission.Shell($"echo ran > {Folder}/{i}; exec sleep 1000", testId: $"cancelled-{i}");
            var runId = Submission.RunIdOf(submission);
            await Client.SubmitAsync(submission);
            await events.WaitForAsync($"run {i} is assigned", change => change.RunId == runId && change.State == "Assigned");
            await Client.CancelAsync(runId, "changed my mind");
            var run = await scheduler.WaitForEndAsync(runId);
            Assert.Equal("Cancelled", run.State);
            if (run.Timeline.All(change => change.State != "Running"))
            {
                neverStarted++;
                Assert.False(File.Exists(Path.Combine(Folder, $"{i}")), $"run {i} was given back and ran");
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{neverStarted} of {Runs} were given back");
        Assert.Equal(0, (await scheduler.WorkerAsync("w1"))!.BusySlots);
    }
}
