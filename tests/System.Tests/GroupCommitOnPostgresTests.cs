using System.Text.Json.Nodes;
using LoadBalancer.Scheduler;
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
    public async Task A_late_result_that_takes_the_database_too_long_is_tried_again()
    {
        var scheduler = await LaunchSchedulerAsync(Broker.Url, $"{Database.ConnectionString};Command Timeout=1");
        await scheduler.WaitUntilReadyAsync();
        var worker = await ConnectScriptedWorkerAsync("w1");
        await worker.RegisterAsync();
        await SubmitAsync([Submission.Shell("true")]);
        var run = await worker.NextRunAsync();
        await worker.ReportFinishedAsync(run);
        await scheduler.WaitForEndAsync(run.RunId);
        await Database.ScalarAsync<object>("""
            CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
            CREATE TRIGGER stall AFTER INSERT ON outcomes FOR EACH ROW EXECUTE FUNCTION stall()
            """);

        // It changes no run and sends nothing: only evidence is stored.
        await worker.ReportFinishedAsync(run);
        await Eventually.TrueAsync("it stalls", async () =>
            await Database.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()") > 0);
        // Waits until the transaction has ended.
        await Database.ScalarAsync<object>("ALTER TABLE outcomes DISABLE TRIGGER stall");

        await Eventually.TrueAsync("it is stored", async () => await Database.ScalarAsync<long>("SELECT count(*) FROM outcomes WHERE NOT accepted") == 1);
        Assert.Empty(await Client.TakeAllAsync("worker-events_error"));
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
    public async Task Commits_whose_answers_are_lost_lose_and_double_nothing()
    {
        var (way, through) = NewWayToDatabase();
        var scheduler = await LaunchSchedulerAsync(Broker.Url, through);
        await scheduler.WaitUntilReadyAsync();
        var worker = await ConnectScriptedWorkerAsync("w1", slots: 64);
        await worker.RegisterAsync();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var working = WorkAsync(worker, end.Token);
        // Some commits take long enough to close the way back before they are answered.
        await Database.ScalarAsync<object>("""
            CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER stall AFTER INSERT ON changes DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (NEW.test_id LIKE '%7') EXECUTE FUNCTION stall()
            """);
        var submissions = Enumerable.Range(0, 160).Select(i => Submission.Shell("true", testId: $"test-{i}")).ToList();

        foreach (var batch in submissions.Chunk(20))
        {
            await SubmitAsync(batch);
            await Eventually.TrueAsync("something is being committed", async () => await CommittingAsync() > 0);
            way.Pause(Flow.FromServer);
            await Eventually.TrueAsync("it is durable", async () => await CommittingAsync() == 0);
            way.Reset();
            way.Restore();
        }

        await Database.ScalarAsync<object>("ALTER TABLE changes DISABLE TRIGGER stall");
        foreach (var submission in submissions)
            Assert.Equal("Completed", (await scheduler.WaitForEndAsync(Submission.RunIdOf(submission))).State);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => working);
        Assert.Equal(submissions.Count, await Database.ScalarAsync<long>("SELECT count(*) FROM outcomes WHERE accepted"));
        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM reservations"));
        foreach (var queue in new[] { "submit-test_error", "worker-events_error", "worker-heartbeats_error" })
            Assert.Empty(await Client.TakeAllAsync(queue));
    }

    [Fact]
    public async Task What_is_acknowledged_is_durable_whatever_the_database_does_by_default()
    {
        await Database.ScalarAsync<object>($"ALTER DATABASE {Database.Name} SET synchronous_commit = off");
        await using var source = new DatabaseOptions { ConnectionString = $"{Database.ConnectionString};Pooling=false" }.ToDataSource();

        await using var asked = source.CreateCommand("SHOW synchronous_commit");

        Assert.Equal("on", await asked.ExecuteScalarAsync(TestContext.Current.CancellationToken));
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

    private Task<long> CommittingAsync() => Database.ScalarAsync<long>(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query = 'COMMIT' AND datname = current_database()");

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
