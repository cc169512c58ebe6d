using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.Leadership;

/// <summary>Two schedulers on the same servers: one leads, the other stands by.</summary>
public sealed class StandbyTests(TestServers servers) : SystemTest(servers)
{
    private const int BeginAgain = 3;

    [Fact]
    public async Task A_standby_answers_what_is_stored_and_passes_the_rest_on_to_the_leader()
    {
        var (leader, standby) = await StartBothAsync();
        await StartWorkerAsync(leader, "w1");

        // The redirect keeps method and body.
        var answer = await standby.SubmitAsync(Submission.Shell("true"));
        Assert.Equal("accepted", answer.Status);

        Assert.Equal("Completed", (await standby.WaitForEndAsync(answer.RunId)).State);
        Assert.Equal("alive", (await standby.WorkerAsync("w1"))!.Status);
    }

    [Fact]
    public async Task A_scheduler_that_does_not_lead_yet_takes_no_submission_and_says_why()
    {
        var scheduler = await LaunchSchedulerAsync(Broker.Url, $"Host=127.0.0.1;Port={FreePort.Next()};Username=nobody;Database=nowhere");
        await scheduler.WaitUntilNotReadyAsync("starting");

        using var answer = await scheduler.SendAsync(HttpMethod.Post, "api/runs", JsonContent.Create(Submission.Shell("true")));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("No scheduler leads", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_standby_leads_when_the_leader_is_killed_and_nothing_is_lost()
    {
        var (leader, standby) = await StartBothAsync();
        await StartWorkerAsync(leader, "w1", slots: 2);
        var running = await SubmitAsync($"while [ ! -e {Folder}/go ]; do sleep 0.1; done");
        await leader.WaitForRunAsync(running, run => run.State == "Running", "runs");

        await leader.KillAsync();
        var later = await SubmitAsync("true");

        Assert.Equal("Completed", (await standby.WaitForEndAsync(later)).State);
        await File.WriteAllTextAsync(Path.Combine(Folder, "go"), "", TestContext.Current.CancellationToken);
        var run = await standby.WaitForEndAsync(running);
        Assert.Equal(("Completed", 1), (run.State, run.Attempt));
    }

    [Fact]
    public async Task A_leader_that_is_asked_to_end_hands_over()
    {
        var (leader, standby) = await StartBothAsync();
        await StartWorkerAsync(leader, "w1");

        Assert.Equal(0, await leader.StopAsync());

        Assert.Equal("Completed", (await standby.WaitForEndAsync(await SubmitAsync("true"))).State);
    }

    [Fact]
    public async Task A_leader_that_was_frozen_ends_when_it_wakes_and_has_stored_nothing()
    {
        var (leader, standby) = await StartBothAsync();
        var worker = await ConnectScriptedWorkerAsync("w1");
        await worker.RegisterAsync();
        var first = await SubmitAsync("true");
        var taken = await worker.NextRunAsync();
        await worker.ReportStartedAsync(taken);

        leader.Pause();
        await worker.ReportFinishedAsync(taken);
        var second = await SubmitAsync("true");
        Assert.Equal("Completed", (await standby.WaitForEndAsync(first)).State);
        var changes = await ChangesAsync();
        leader.Resume();

        Assert.Equal(BeginAgain, await leader.WaitForEndOfProcessAsync(Eventually.Limit));
        Assert.Equal(changes, (await ChangesAsync()).Take(changes.Length));
        Assert.Equal(second, (await worker.NextRunAsync()).RunId);
    }

    [Theory]
    // Before the last statement of its transaction, and while it waits for the commit.
    [InlineData("")]
    [InlineData("DEFERRABLE INITIALLY DEFERRED")]
    public async Task A_leader_frozen_within_a_transaction_holds_up_nobody_and_stores_it_wholly_or_not_at_all(string when)
    {
        var (leader, standby) = await StartBothAsync();
        await StartWorkerAsync(leader, "w1");
        // Slow enough to be frozen in, for one test only.
        await Database.ScalarAsync<object>($"""
            CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.test_id = ''slow'' THEN PERFORM pg_sleep(2); END IF; RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER stall AFTER INSERT ON changes {when} FOR EACH ROW EXECUTE FUNCTION stall()
            """);
        var submission = Submission.Shell("true", testId: "slow");
        await Client.SubmitAsync(submission);
        await Eventually.TrueAsync("the transaction stalls", async () =>
            await Database.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()") > 0);

        leader.Pause();
        await Database.ScalarAsync<object>("ALTER TABLE changes DISABLE TRIGGER stall");

        var run = await standby.WaitForEndAsync(Submission.RunIdOf(submission));
        Assert.Equal(("Completed", 1), (run.State, run.Attempt));
        leader.Resume();
        Assert.Equal(BeginAgain, await leader.WaitForEndOfProcessAsync(Eventually.Limit));
        Assert.Empty(await Client.TakeAllAsync("submit-test_error"));
        Assert.Equal(1, await Database.ScalarAsync<long>("SELECT count(*) FROM changes WHERE state = 'Submitted'"));
    }

    [Fact]
    public async Task A_leader_cut_off_while_it_sends_a_batch_holds_up_nobody()
    {
        var (way, through) = NewWayToDatabase();
        var (leader, standby) = await StartBothAsync(through);
        var tests = Enumerable.Range(0, 900).Select(i => Submission.Shell($"true {new string('x', 500)}", testId: $"test-{i}")).ToArray();

        way.PauseWithin(60_000);
        await Client.SubmitAsync(new JsonObject { ["tests"] = new JsonArray([.. tests]) });
        await Eventually.TrueAsync("it is in the middle of a batch", () => way.IsPaused);
        await standby.WaitUntilReadyAsync();
        way.Restore();

        Assert.Equal(BeginAgain, await leader.WaitForEndOfProcessAsync(Eventually.Limit));
        await Eventually.TrueAsync("all are stored", async () => await Database.ScalarAsync<long>("SELECT count(*) FROM runs") == tests.Length);
        Assert.Empty(await Client.TakeAllAsync("submit-test_error"));
    }

    [Fact]
    public async Task A_leader_cut_off_from_the_database_alone_gives_back_what_it_was_handed_and_ends_when_it_is_back()
    {
        var (way, through) = NewWayToDatabase();
        var (leader, standby) = await StartBothAsync(through);

        way.Cut();
        var before = await SubmitManyAsync(40);
        await standby.WaitUntilReadyAsync();
        var after = await SubmitManyAsync(40);

        foreach (var run in before.Concat(after))
            await standby.WaitForRunAsync(run, _ => true, "is stored");
        await leader.WaitUntilNotReadyAsync("another scheduler may lead");
        using (var answer = await leader.SendAsync(HttpMethod.Get, "api/workers"))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        way.Restore();
        Assert.Equal(BeginAgain, await leader.WaitForEndOfProcessAsync(Eventually.Limit));
        Assert.Empty(await Client.TakeAllAsync("submit-test_error"));
    }

    private async Task<IReadOnlyList<Guid>> SubmitManyAsync(int count)
    {
        var runs = new List<Guid>();
        while (runs.Count < count)
            runs.Add(await SubmitAsync("true"));
        return runs;
    }

    private async Task<(SchedulerProcess Leader, SchedulerProcess Standby)> StartBothAsync(string? leadersWay = null)
    {
        var leader = await LaunchSchedulerAsync(Broker.Url, leadersWay ?? Database.ConnectionString);
        await leader.WaitUntilReadyAsync();
        var standby = await LaunchSchedulerAsync(Broker.Url, Database.ConnectionString);
        await standby.WaitUntilStandingByAsync();
        return (leader, standby);
    }

    private async Task<Guid> SubmitAsync(string script)
    {
        var submission = Submission.Shell(script);
        await Client.SubmitAsync(submission);
        return Submission.RunIdOf(submission);
    }

    private async Task<string[]> ChangesAsync() =>
        (await Database.ScalarAsync<string>("SELECT string_agg(id || ' ' || state || ' ' || run_id, ',' ORDER BY id) FROM changes"))!.Split(',');
}
