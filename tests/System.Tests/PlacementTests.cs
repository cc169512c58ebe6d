using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>Where runs may go, seen from outside.</summary>
public sealed class PlacementTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task Runs_that_share_a_key_exclude_each_other_across_workers()
    {
        const int Count = 8;
        var scheduler = await StartSchedulerAsync();
        await Task.WhenAll(StartWorkerAsync(scheduler, "w1", slots: 2), StartWorkerAsync(scheduler, "w2", slots: 2));
        var journal = Path.Combine(Folder, "journal");
        var submissions = Enumerable.Range(0, Count)
            .Select(i => Submission.Shell(
                $"echo start {i} >> {journal}; sleep 0.1; echo end {i} >> {journal}", testId: $"keyed-{i}", more: ("concurrencyKeys", new JsonArray("license"))))
            .ToArray();

        foreach (var submission in submissions)
        {
            await Client.SubmitAsync(submission);
        }

        foreach (var submission in submissions)
        {
            Assert.Equal("Completed", (await scheduler.WaitForEndAsync(Submission.RunIdOf(submission))).State);
        }

        // Short lines appended by several processes keep their order in the file, so overlapping runs would show as two starts in a row.
        var lines = await File.ReadAllLinesAsync(journal, TestContext.Current.CancellationToken);
        Assert.Equal(2 * Count, lines.Length);
        Assert.All(lines.Chunk(2), pair => Assert.Equal(pair[0].Replace("start", "end", StringComparison.Ordinal), pair[1]));
    }

    [Fact]
    public async Task A_worker_gets_as_many_runs_as_it_has_slots_and_the_next_when_one_ends()
    {
        var scheduler = await StartSchedulerAsync();
        var worker = await ConnectScriptedWorkerAsync("w1", slots: 2);
        await worker.RegisterAsync();
        var submissions = Enumerable.Range(0, 4).Select(i => Submission.Shell("true", testId: $"t{i}")).ToArray();
        foreach (var submission in submissions)
        {
            await Client.SubmitAsync(submission);
        }

        var (first, _) = (await worker.NextRunAsync(), await worker.NextRunAsync());
        foreach (var submission in submissions)
        {
            await scheduler.WaitForRunAsync(Submission.RunIdOf(submission), _ => true, "is stored");
        }

        Assert.Equal(2, worker.Received.Count);
        Assert.Equal(2, Assert.Single(await scheduler.WorkersAsync()).BusySlots);
        await worker.ReportStartedAsync(first);
        await worker.ReportFinishedAsync(first);
        await worker.NextRunAsync();
        Assert.Equal(3, worker.Received.Count);
    }

    [Fact]
    public async Task A_run_that_no_worker_can_do_fails_with_a_reason_that_names_the_nearest_miss()
    {
        var scheduler = await StartSchedulerAsync(
            ("Scheduler__StartGrace", "00:00:01"), ("Scheduler__RequeueDelay", "00:00:00.100"), ("Scheduler__MaxRequeueAttempts", "2"));
        await StartWorkerAsync(scheduler, "w1");
        var impossible = Impossible();

        await Client.SubmitAsync(impossible);

        var run = await scheduler.WaitForEndAsync(Submission.RunIdOf(impossible));
        Assert.Equal(("Failed", "Unschedulable"), (run.State, run.FailureKind));
        Assert.Contains("quantum", run.Error, StringComparison.Ordinal);
        Assert.Contains("w1", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_no_worker_can_do_waits_for_one_where_that_is_configured()
    {
        var scheduler = await StartSchedulerAsync(
            ("Scheduler__WhenImpossible", "Wait"), ("Scheduler__StartGrace", "00:00:01"),
            ("Scheduler__RequeueDelay", "00:00:00.100"), ("Scheduler__MaxRequeueAttempts", "1"));
        await StartWorkerAsync(scheduler, "w1");
        var impossible = Impossible();
        var runId = Submission.RunIdOf(impossible);
        await Client.SubmitAsync(impossible);

        await Eventually.TrueAsync("the explanation names the nearest miss", async () =>
            (await scheduler.ExplainAsync(runId))?.Blocker is { } blocker &&
            blocker.Contains("quantum", StringComparison.Ordinal) && blocker.Contains("w1", StringComparison.Ordinal));
        Assert.Contains((await scheduler.GetRunAsync(runId))!.State, (string[])["Submitted", "Requeued"]);

        var able = await ConnectScriptedWorkerAsync("w2");
        able.Capabilities["backends"] = new JsonArray("cpu", "quantum");
        await able.RegisterAsync();
        Assert.Equal(runId, (await able.NextRunAsync()).RunId);
    }

    [Fact]
    public async Task A_run_that_waited_longer_than_it_may_fails_as_queue_timed_out()
    {
        var scheduler = await StartSchedulerAsync();
        var hurried = Submission.Shell("true", more: ("queueTimeoutSeconds", 1));

        await Client.SubmitAsync(hurried);

        var run = await scheduler.WaitForEndAsync(Submission.RunIdOf(hurried));
        Assert.Equal(("Failed", "QueueTimedOut"), (run.State, run.FailureKind));
    }

    private static JsonObject Impossible() =>
        Submission.Shell("true", testId: "impossible", more: ("requirements", new JsonObject { ["requiredBackend"] = "quantum" }));
}
