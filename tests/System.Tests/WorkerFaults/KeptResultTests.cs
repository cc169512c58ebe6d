using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>Results that only the worker's disk knows: scheduler and worker die, and the broker loses what was on its way.</summary>
public sealed class KeptResultTests(TestServers servers) : WorkerFaultTest(servers)
{
    [Fact]
    public async Task A_result_that_nobody_took_is_told_when_its_worker_returns_and_decides_or_is_evidence()
    {
        var scheduler = await StartSchedulerAsync(LongLease);
        var worker = await StartWorkerAsync(scheduler, "w1", settings: Quick);
        var journal = NewJournal("kept");
        var runId = await SubmitAsync(journal);
        await journal.StartedAsync(1);
        await LoseResultAsync(scheduler, worker, journal);

        scheduler = await StartSchedulerAsync(LongLease);
        await LaunchWorkerAsync("w1", settings: Quick);

        // It is told before the new session asks, but the two are read at once: the end of the old session may come first.
        journal.LetEnd();
        var run = await scheduler.WaitForEndAsync(runId);
        await Eventually.TrueAsync("it is stored", async () => run.Attempt == 1 || await EvidenceAsync(runId, 1) > 0);
        Assert.Equal("Completed", run.State);
        Assert.Equal(Enumerable.Range(1, run.Attempt), journal.Attempts);
        Assert.InRange(run.Attempt, 1, 2);
        await Eventually.TrueAsync("the worker forgets it", () => ResultsOf("w1").Length == 0);
    }

    [Fact]
    public async Task A_result_of_a_run_that_another_worker_has_by_then_is_evidence()
    {
        var scheduler = await StartSchedulerAsync(ShortLease);
        var worker = await StartWorkerAsync(scheduler, "w1", settings: Quick);
        var journal = NewJournal("kept");
        var runId = await SubmitAsync(journal);
        await journal.StartedAsync(1);
        await LoseResultAsync(scheduler, worker, journal);

        scheduler = await StartSchedulerAsync(ShortLease);
        await StartWorkerAsync(scheduler, "w2", settings: Quick);
        await journal.StartedAsync(2);
        await LaunchWorkerAsync("w1", settings: Quick);
        await Eventually.TrueAsync("the result is kept as evidence", async () => await EvidenceAsync(runId, 1) == 1);
        await Eventually.TrueAsync("the worker forgets it", () => ResultsOf("w1").Length == 0);

        Assert.Equal("Running", (await scheduler.GetRunAsync(runId))!.State);
        journal.LetEnd(2);
        var run = await scheduler.WaitForEndAsync(runId);
        Assert.Equal(("Completed", 2, "w2"), (run.State, run.Attempt, run.WorkerId));
    }

    private async Task LoseResultAsync(SchedulerProcess scheduler, WorkerProcess worker, Journal journal)
    {
        await scheduler.KillAsync();
        journal.LetEnd(1);
        await Eventually.TrueAsync("the result is on disk", () => ResultsOf("w1").Length == 1);
        await worker.KillAsync();
        await using var channel = await Client.NewChannelAsync();
        await channel.QueuePurgeAsync("worker-events");
    }

    private string[] ResultsOf(string workerId) =>
        Path.Combine(WorkDirectoryOf(workerId), "results", "results.jsonl") is var file && File.Exists(file) ? File.ReadAllLines(file) : [];
}
