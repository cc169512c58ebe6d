using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>Workers that are asked to end.</summary>
public sealed class ShutdownTests(TestServers servers) : WorkerFaultTest(servers)
{
    [Fact]
    public async Task A_worker_that_is_asked_to_end_stops_what_runs_and_another_has_it_at_once_at_no_cost()
    {
        var scheduler = await StartSchedulerAsync([.. LongLease, ("Scheduler__MaxInfrastructureAttempts", "1")]);
        var leaving = await StartWorkerAsync(scheduler, "leaving", settings: Quick);
        var journal = NewJournal("stopped");
        var runId = await SubmitAsync(journal);
        await journal.StartedAsync(1);
        await StartWorkerAsync(scheduler, "other", settings: Quick);

        Assert.Equal(0, await leaving.StopAsync());

        await scheduler.WaitForWorkerAsync("leaving", "left");
        await journal.StartedAsync(2);
        journal.LetEnd(2);
        var run = await scheduler.WaitForEndAsync(runId);
        Assert.Equal(("Completed", 2, "other"), (run.State, run.Attempt, run.WorkerId));
        journal.AssertOneAtATime();
    }

    [Fact]
    public async Task A_worker_that_finishes_before_it_ends_takes_nothing_new_meanwhile()
    {
        var scheduler = await StartSchedulerAsync(LongLease);
        var leaving = await StartWorkerAsync(scheduler, "leaving", slots: 2, settings: [.. Quick, ("Worker__OnShutdown", "Finish")]);
        var (running, late) = (NewJournal("finished"), NewJournal("late"));
        var runId = await SubmitAsync(running);
        await running.StartedAsync(1);

        var ending = leaving.StopAsync();
        await scheduler.WaitForWorkerAsync("leaving", "draining");
        var lateId = await SubmitAsync(late);
        await running.LivesOnAsync(1);
        await StartWorkerAsync(scheduler, "other", settings: Quick);
        await late.StartedAsync(1);
        running.LetEnd(1);

        Assert.Equal(0, await ending);
        var finished = await scheduler.WaitForEndAsync(runId);
        Assert.Equal(("Completed", 1, "leaving"), (finished.State, finished.Attempt, finished.WorkerId));
        late.LetEnd();
        var other = await scheduler.WaitForEndAsync(lateId);
        Assert.Equal(("Completed", 1, "other"), (other.State, other.Attempt, other.WorkerId));
    }
}
