using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>A worker that is stopped in the middle of everything and goes on when all is decided without it.</summary>
public sealed class FrozenWorkerTests(TestServers servers) : WorkerFaultTest(servers)
{
    [Fact]
    public async Task A_frozen_worker_gets_nothing_new_loses_its_runs_when_its_lease_ends_and_changes_nothing_when_it_thaws()
    {
        var scheduler = await StartSchedulerAsync(ShortLease);
        var frozen = await StartWorkerAsync(scheduler, "frozen", slots: 3, settings: Quick);
        var (running, assigned, waiting) = (NewJournal("running"), NewJournal("assigned"), NewJournal("waiting"));
        var runningId = await SubmitAsync(running);
        await running.StartedAsync(1);

        frozen.Pause();
        var assignedId = await SubmitAsync(assigned);
        await scheduler.WaitForRunAsync(assignedId, run => run.State == "Assigned", "is assigned to the frozen worker");
        await scheduler.WaitForWorkerAsync("frozen", "possiblyLost");
        var waitingId = await SubmitAsync(waiting);
        await StartWorkerAsync(scheduler, "other", slots: 3, settings: Quick);
        await waiting.StartedAsync(1);
        Assert.Equal("other", waiting.WorkerOf(1));

        await Task.WhenAll(running.StartedAsync(2), assigned.StartedAsync(2));
        Assert.Equal("lost", (await scheduler.WorkerAsync("frozen"))!.Status);
        Assert.Equal(("other", "other"), (running.WorkerOf(2), assigned.WorkerOf(2)));
        running.AssertOneAtATime();

        frozen.Resume();
        await scheduler.WaitForWorkerAsync("frozen");
        await Eventually.TrueAsync("the late result is kept as evidence", async () => await EvidenceAsync(runningId, 1) == 1);
        var run = (await scheduler.GetRunAsync(runningId))!;
        Assert.Equal(("Running", 2, "other"), (run.State, run.Attempt, run.WorkerId));
        Assert.Equal(3, (await scheduler.WorkerAsync("other"))!.BusySlots);
        Assert.Equal(0, (await scheduler.WorkerAsync("frozen"))!.BusySlots);

        // Its new session consumes its queue, so the assignment of the old one was dropped before this one was taken.
        var next = NewJournal("next");
        next.LetEnd();
        Assert.Equal("frozen", (await scheduler.WaitForEndAsync(await SubmitAsync(next))).WorkerId);
        foreach (var (journal, runId) in ((Journal, Guid)[])[(running, runningId), (assigned, assignedId), (waiting, waitingId)])
        {
            journal.LetEnd();
            Assert.Equal(("Completed", "other"), ((await scheduler.WaitForEndAsync(runId)).State, journal.Lines[^1].WorkerId));
            journal.AssertOneAtATime();
        }

        Assert.Equal([2], assigned.Attempts);
    }
}
