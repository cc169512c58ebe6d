using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>Processes that claim the id of a worker that lives.</summary>
public sealed class SameIdTests(TestServers servers) : WorkerFaultTest(servers)
{
    [Fact]
    public async Task A_second_process_with_the_id_of_a_living_worker_says_why_it_does_not_work_and_disturbs_nobody()
    {
        var scheduler = await StartSchedulerAsync(LongLease);
        var first = await StartWorkerAsync(scheduler, "w1", settings: Quick);
        var journal = NewJournal("undisturbed");
        var runId = await SubmitAsync(journal);
        await journal.StartedAsync(1);

        var elsewhere = await LaunchWorkerAsync("w1", folder: "elsewhere", settings: Quick);
        var beside = await LaunchWorkerAsync("w1", settings: Quick);
        await Eventually.TrueAsync("the one with a directory of its own is refused", () =>
            elsewhere.Log.Contains("stop the other process or give this one another Worker:Id", StringComparison.Ordinal));
        await Eventually.TrueAsync("the one in the same directory ends", () => beside.HasExited);
        Assert.Equal(2, beside.ExitCode);
        Assert.Contains("perhaps because another worker runs there", beside.Log, StringComparison.Ordinal);

        await journal.LivesOnAsync(1);
        journal.LetEnd(1);
        Assert.Equal(("Completed", 1), ((await scheduler.WaitForEndAsync(runId)).State, journal.Attempts.Single()));
        var next = NewJournal("next");
        next.LetEnd();
        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(await SubmitAsync(next))).State);
        Assert.False(elsewhere.HasExited);

        // The one that was refused asks on, and takes over when the id is free.
        var session = (await scheduler.WorkerAsync("w1"))!.RegisteredAt;
        await first.StopAsync();
        await Eventually.TrueAsync("the second one is accepted", async () => (await scheduler.WorkerAsync("w1"))!.RegisteredAt > session);
    }
}
