using System.Text.Json.Nodes;
using LoadBalancer.Contracts;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>What ended long ago is deleted from PostgreSQL, while everything else goes on.</summary>
public sealed class RetentionTests(TestServers servers) : SystemTest(servers)
{
    private const string LeftOf = """
        SELECT (SELECT count(*) FROM runs WHERE run_id = @run) + (SELECT count(*) FROM changes WHERE run_id = @run)
             + (SELECT count(*) FROM decisions WHERE run_id = @run) + (SELECT count(*) FROM outcomes WHERE run_id = @run)
        """;

    [Fact]
    public async Task A_leader_deletes_at_its_start_what_ended_long_ago_and_keeps_the_rest()
    {
        var first = await StartSchedulerAsync();
        await StartWorkerAsync(first, "w1");
        var (old, young) = (await RunAsync(first), await RunAsync(first));
        var impossible = Submission.Shell("true");
        impossible["requirements"] = new JsonObject { ["minimumMemoryGb"] = 100_000 };
        var waiting = (await first.SubmitAsync(impossible)).RunId;
        var refused = (await first.SubmitAsync(new[] { Submission.Shell("true", testId: "") }))[0].RunId;
        await first.StopAsync();
        await Database.ScalarAsync<object>("UPDATE runs SET ended_at = ended_at - interval '29 days' WHERE run_id = @run", ("run", young));
        await Database.ScalarAsync<object>("UPDATE runs SET ended_at = ended_at - interval '31 days' WHERE run_id = @run", ("run", old));
        await Database.ScalarAsync<object>("UPDATE runs SET submitted_at = submitted_at - interval '31 days' WHERE run_id = @run", ("run", waiting));
        await Database.ScalarAsync<object>("UPDATE changes SET at = at - interval '31 days' WHERE run_id = @run", ("run", refused));
        Assert.True(await LeftOfAsync(refused) > 0);

        var second = await StartSchedulerAsync(("Scheduler__WhenImpossible", "Wait"));

        await Eventually.TrueAsync("the old run is deleted", async () => await LeftOfAsync(old) == 0 && await LeftOfAsync(refused) == 0);
        Assert.Null(await second.GetRunAsync(old));
        Assert.Equal("Completed", (await second.GetRunAsync(young))!.State);
        Assert.False(RunStates.IsTerminal((await second.GetRunAsync(waiting))!.State));
        await Eventually.TrueAsync("it is said", () => second.Output.Contains(": 1 runs, ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_that_is_deleted_while_the_leader_may_remember_it_is_new_when_it_comes_again()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1");
        var run = await RunAsync(scheduler);
        foreach (var table in new[] { "runs", "changes", "decisions", "outcomes" })
            await Database.ScalarAsync<object>($"DELETE FROM {table} WHERE run_id = @run", ("run", run));
        // Another worker: the first one remembers what it ran, and would give it back first.
        await scheduler.DrainAsync("w1", "it knows the run");
        await StartWorkerAsync(scheduler, "w2");

        var answer = await scheduler.SubmitAsync(Submission.Shell("true", run));

        Assert.Equal("accepted", answer.Status);
        var ended = await scheduler.WaitForEndAsync(run);
        Assert.Equal(("Completed", 1), (ended.State, ended.Attempt));
    }

    private static async Task<Guid> RunAsync(SchedulerProcess scheduler)
    {
        var run = (await scheduler.SubmitAsync(Submission.Shell("true"))).RunId;
        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(run)).State);
        return run;
    }

    private Task<long> LeftOfAsync(Guid run) => Database.ScalarAsync<long>(LeftOf, ("run", run));
}
