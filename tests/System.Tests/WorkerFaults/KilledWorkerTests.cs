using System.Globalization;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>Workers that are killed at the worst moments and come back.</summary>
public sealed class KilledWorkerTests(TestServers servers) : WorkerFaultTest(servers)
{
    [Fact]
    public async Task A_worker_that_was_killed_with_its_guard_kills_its_orphans_and_has_its_run_again_at_once()
    {
        var scheduler = await StartSchedulerAsync(LongLease);
        var first = await StartWorkerAsync(scheduler, "w1", settings: Quick);
        var journal = NewJournal("orphan");
        var runId = await SubmitAsync(journal);
        await journal.StartedAsync(1);

        // Frozen first, so that it does not replace its guard.
        first.Pause();
        Signal.SendKill(GuardOf(first));
        await first.KillAsync();
        await journal.LivesOnAsync(1);
        await LaunchWorkerAsync("w1", settings: Quick);

        await journal.StartedAsync(2);
        journal.LetEnd();
        var run = await scheduler.WaitForEndAsync(runId);
        Assert.Equal(("Completed", 2, "w1"), (run.State, run.Attempt, run.WorkerId));
        Assert.Contains(run.Timeline, change => change.State == "Requeued" && change.Reason.Contains("restarted", StringComparison.Ordinal));
        journal.AssertOneAtATime();
    }

    [Fact]
    public async Task A_run_that_had_not_started_when_its_worker_was_killed_starts_once_and_a_worker_that_stays_away_leaves_no_queue()
    {
        var scheduler = await StartSchedulerAsync(
            [("Scheduler__LeaseDuration", "00:00:15"), ("Scheduler__KillGrace", "00:00:04"), ("Scheduler__ForgetWorkerAfter", "00:00:01")]);
        var first = await StartWorkerAsync(scheduler, "w1", settings: Quick);
        var events = await FollowEventsAsync();
        var journal = NewJournal("unstarted");

        first.Pause();
        var runId = await SubmitAsync(journal);
        await events.WaitForAsync(runId, "Assigned");
        await Eventually.TrueAsync("the assignment has left the scheduler", async () =>
            await Database.ScalarAsync<long>("SELECT count(*) FROM outbox WHERE kind = 'Assignment'") == 0);
        await first.KillAsync();
        var second = await LaunchWorkerAsync("w1", settings: Quick);
        await journal.StartedAsync(2);
        journal.LetEnd();

        var run = await scheduler.WaitForEndAsync(runId);
        Assert.Equal(("Completed", 2), (run.State, run.Attempt));
        Assert.Contains("restarted", events.Of(runId).Single(change => change.State == "Requeued").Reason, StringComparison.Ordinal);
        Assert.Equal([2], journal.Attempts);

        await second.KillAsync();
        await Eventually.TrueAsync("the worker is forgotten", async () => await scheduler.WorkerAsync("w1") is null);
        foreach (var queue in (string[])["worker-w1", "worker-w1-control"])
        {
            await Eventually.TrueAsync($"{queue} is deleted", async () => await DepthOfAsync(queue) is null);
        }
    }

    [Fact]
    public async Task A_worker_that_was_killed_before_it_heard_of_its_acceptance_is_accepted_at_once_when_it_returns()
    {
        var scheduler = await StartSchedulerAsync(LongLease);
        await scheduler.KillAsync();
        var way = NewWayToBroker();
        var deaf = await LaunchWorkerAsync("w1", broker: way.Url, settings: Quick);
        await Eventually.TrueAsync("the worker has asked", async () => await DepthOfAsync("worker-events") > 0);
        way.Pause(Flow.FromServer);
        scheduler = await StartSchedulerAsync(LongLease);
        await scheduler.WaitForWorkerAsync("w1");
        var session = (await scheduler.WorkerAsync("w1"))!.RegisteredAt;

        await deaf.KillAsync();
        Assert.False(File.Exists(Path.Combine(WorkDirectoryOf("w1"), "session")));
        await LaunchWorkerAsync("w1", settings: Quick);

        await Eventually.TrueAsync("the next session is accepted", async () => (await scheduler.WorkerAsync("w1"))!.RegisteredAt > session);
        var journal = NewJournal("afterwards");
        journal.LetEnd();
        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(await SubmitAsync(journal))).State);
    }

    /// <summary>Null when there is no such queue.</summary>
    private async Task<uint?> DepthOfAsync(string queue)
    {
        await using var channel = await Client.NewChannelAsync();
        try
        {
            return (await channel.QueueDeclarePassiveAsync(queue)).MessageCount;
        }
        catch (OperationInterruptedException)
        {
            return null;
        }
    }

    private static int GuardOf(WorkerProcess worker) => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) ? id : 0)
        .Single(id => id > 0 && IsGuard(id, worker.ProcessId));

    private static bool IsGuard(int id, int worker)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Contains("\0lb-guard\0", StringComparison.Ordinal) &&
                File.ReadAllLines($"/proc/{id}/status").Contains($"PPid:\t{worker}");
        }
        catch (IOException)
        {
            return false; // it has just ended
        }
    }
}
