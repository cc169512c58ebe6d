using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>Workers that live, and whose way to the broker does not.</summary>
public sealed class CutOffWorkerTests(TestServers servers) : WorkerFaultTest(servers)
{
    [Fact]
    public async Task A_worker_that_is_cut_off_in_any_direction_ends_its_test_before_another_worker_gets_it()
    {
        var scheduler = await StartSchedulerAsync(ShortLease);
        var workers = new List<(TcpProxy Way, Journal Journal, Guid RunId)>();
        foreach (var id in (string[])["cut", "mute", "deaf"])
        {
            var (way, journal) = (NewWayToBroker(), NewJournal(id));
            await LaunchWorkerAsync(id, broker: way.Url, settings: Quick);
            await scheduler.WaitForWorkerAsync(id);
            workers.Add((way, journal, await SubmitAsync(journal)));
            await journal.StartedAsync(1);
        }

        await StartWorkerAsync(scheduler, "other", slots: 3, settings: Quick);
        workers[0].Way.Cut();
        workers[1].Way.Pause(Flow.ToServer);
        workers[2].Way.Pause(Flow.FromServer);

        // The deaf one says that it stopped, and still counts as alive then: its run may be assigned to it once more, and waits in vain.
        foreach (var (_, journal, _) in workers)
        {
            await Eventually.TrueAsync($"{journal.Name} runs on the other worker", () => journal.Lines.Any(line => line.WorkerId == "other"));
            Assert.Equal(journal.Name, journal.WorkerOf(1));
            Assert.Equal(["other"], journal.Lines.Where(line => line.Attempt > 1).Select(line => line.WorkerId).Distinct());
        }

        workers.ForEach(worker => worker.Way.Restore());
        foreach (var (_, journal, runId) in workers)
        {
            await scheduler.WaitForWorkerAsync(journal.Name);
            journal.LetEnd();
            var run = await scheduler.WaitForEndAsync(runId);
            Assert.Equal(("Completed", "other"), (run.State, run.WorkerId));
            journal.AssertOneAtATime();
        }
    }

    [Fact]
    public async Task A_cut_that_is_shorter_than_the_lease_disturbs_no_run()
    {
        var scheduler = await StartSchedulerAsync([("Scheduler__DoubtAfter", "00:00:03")]);
        var way = NewWayToBroker();
        await LaunchWorkerAsync("w1", broker: way.Url, settings: Quick);
        await scheduler.WaitForWorkerAsync("w1");
        var journal = NewJournal("undisturbed");
        var runId = await SubmitAsync(journal);
        await journal.StartedAsync(1);

        foreach (var disturb in (Action[])[() => way.Pause(), way.Cut])
        {
            disturb();
            await scheduler.WaitForWorkerAsync("w1", "possiblyLost");
            way.Restore();
            await scheduler.WaitForWorkerAsync("w1");
        }

        journal.LetEnd(1);
        var run = await scheduler.WaitForEndAsync(runId);
        Assert.Equal(("Completed", 1, "w1"), (run.State, run.Attempt, run.WorkerId));
        Assert.Equal([1], journal.Attempts);
    }
}
