using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>Many events of different runs at once, where the database has something to say against one of them, or is cut off.</summary>
public sealed class GroupCommitOnPostgresTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task One_result_that_the_database_refuses_is_kept_with_its_reason_and_the_other_199_are_stored()
    {
        var scheduler = await StartSchedulerAsync();
        var worker = await ConnectScriptedWorkerAsync("w1", slots: 200);
        await worker.RegisterAsync();
        await SubmitAsync(Enumerable.Range(0, 200).Select(i => Submission.Shell("true", testId: $"test-{i}")));
        var runs = new List<ScriptedRun>();
        while (runs.Count < 200)
            runs.Add(await worker.NextRunAsync());
        var poisoned = runs[99].RunId;
        await Database.ScalarAsync<object>($"ALTER TABLE outcomes ADD CONSTRAINT poison CHECK (run_id <> '{poisoned}')");

        await worker.ReportAsync([.. runs.Select(run => ScriptedWorker.FinishedReport(run))]);

        foreach (var run in runs.Where(run => run.RunId != poisoned))
            Assert.Equal("Completed", (await scheduler.WaitForEndAsync(run.RunId)).State);
        var dead = await Client.TakeAsync("worker-events_error");
        Assert.Contains("poison", RawClient.Header(dead, "MT-Fault-Message"), StringComparison.Ordinal);
        Assert.Equal("Assigned", (await scheduler.GetRunAsync(poisoned))!.State);
        Assert.Equal(199, await Database.ScalarAsync<long>("SELECT count(*) FROM outcomes"));
    }

    [Fact]
    public async Task Connections_cut_while_many_commit_lose_and_double_nothing()
    {
        var scheduler = await StartSchedulerAsync();
        var workers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => ConnectScriptedWorkerAsync($"w{i}", slots: 16)));
        foreach (var worker in workers)
            await worker.RegisterAsync();
        var submissions = Enumerable.Range(0, 400).Select(i => Submission.Shell("true", testId: $"test-{i}")).ToList();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var working = workers.Select(worker => WorkAsync(worker, end.Token)).ToList();

        foreach (var batch in submissions.Chunk(50))
        {
            await SubmitAsync(batch);
            await Database.ScalarAsync<object>(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        }

        foreach (var submission in submissions)
            Assert.Equal("Completed", (await scheduler.WaitForEndAsync(Submission.RunIdOf(submission))).State);
        await end.CancelAsync();
        foreach (var worker in working)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => worker);
        Assert.Equal(400, await Database.ScalarAsync<long>("SELECT count(*) FROM outcomes WHERE accepted"));
        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM reservations"));
    }

    [Fact]
    public async Task The_runs_of_a_suite_that_is_cancelled_are_stored_together()
    {
        var scheduler = await StartSchedulerAsync();
        var tests = Enumerable.Range(0, 200).Select(i => Submission.Shell("true", testId: $"test-{i}", more: ("suite", "nightly"))).ToList();
        await SubmitAsync(tests);
        await Eventually.TrueAsync("all are stored", async () => await Database.ScalarAsync<long>("SELECT count(*) FROM runs") == tests.Count);

        using var answer = await scheduler.SendAsync(HttpMethod.Delete, "api/suites/nightly");

        Assert.True(answer.IsSuccessStatusCode);
        Assert.Equal(tests.Count, await Database.ScalarAsync<long>("SELECT count(*) FROM runs WHERE state = 'Cancelled'"));
        Assert.InRange(await Database.ScalarAsync<long>("SELECT count(DISTINCT xmin::text) FROM changes WHERE state = 'Cancelled'"), 1, tests.Count / 4);
    }

    private Task SubmitAsync(IEnumerable<JsonObject> tests) => Client.SubmitAsync(new JsonObject { ["tests"] = new JsonArray([.. tests]) });

    private static async Task WorkAsync(ScriptedWorker worker, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            var run = await worker.NextRunAsync().WaitAsync(end);
            await worker.ReportAsync(ScriptedWorker.StartedReport(run), ScriptedWorker.FinishedReport(run));
        }
    }
}
