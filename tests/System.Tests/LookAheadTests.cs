using System.Net;
using LoadBalancer.Contracts;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

public sealed class LookAheadTests(TestServers servers) : SystemTest(servers)
{
    private const string Usual = "quick";

    [Fact]
    public async Task What_follows_a_run_that_does_not_end_is_recalled_and_runs_where_it_starts_sooner()
    {
        var scheduler = await StartSchedulerAsync(("Scheduler__RebalanceInterval", "00:00:00.500"));
        await StartWorkerAsync(scheduler, "w1");
        // Twelve results, and it is known how long such a test takes.
        foreach (var learned in await scheduler.SubmitAsync([.. Enumerable.Range(0, 12).Select(_ => Submission.Shell("sleep 0.1", testId: Usual))]))
            await scheduler.WaitForEndAsync(learned.RunId);

        var gate = Path.Combine(Folder, "gate");
        var stuck = Submission.Shell($"while [ ! -e {gate} ]; do sleep 0.05; done", testId: Usual);
        await scheduler.SubmitAsync(stuck);
        await scheduler.WaitForRunAsync(Submission.RunIdOf(stuck), run => run.State == RunStates.Running, "runs");
        var others = await scheduler.SubmitAsync([.. Enumerable.Range(0, 3).Select(_ => Submission.Shell("true", testId: Usual))]);
        var follower = await FollowerAsync(scheduler, others);
        Assert.Equal("w1", follower.WorkerId);

        // Another place: what waits goes there, and what was bound follows.
        await StartWorkerAsync(scheduler, "w2");
        var ended = await scheduler.WaitForEndAsync(follower.RunId);

        Assert.Equal((RunStates.Completed, "w2", 2), (ended.State, ended.WorkerId, ended.Attempt));
        Assert.Contains(ended.Timeline, change => change.Reason.Contains("recalled from w1", StringComparison.Ordinal));
        Assert.Equal(RunStates.Running, (await scheduler.GetRunAsync(Submission.RunIdOf(stuck)))!.State);
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        Assert.Equal(RunStates.Completed, (await scheduler.WaitForEndAsync(Submission.RunIdOf(stuck))).State);
        foreach (var other in others)
            Assert.Equal(RunStates.Completed, (await scheduler.WaitForEndAsync(other.RunId)).State);
    }

    [Fact]
    public async Task Short_runs_one_behind_the_other_never_overlap_on_one_slot()
    {
        const int Count = 60;
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1");
        var journal = Path.Combine(Folder, "journal");
        var runs = await scheduler.SubmitAsync([.. Enumerable.Range(0, Count).Select(i =>
            Submission.Shell($"echo start {i} >> {journal}; sleep 0.05; echo end {i} >> {journal}", testId: Usual))]);

        var ended = new List<RunDetail>();
        foreach (var run in runs)
            ended.Add(await scheduler.WaitForEndAsync(run.RunId));

        Assert.All(ended, run => Assert.Equal(RunStates.Completed, run.State));
        Assert.Contains(ended, IsFollower);
        var lines = await File.ReadAllLinesAsync(journal, TestContext.Current.CancellationToken);
        Assert.Equal(2 * Count, lines.Length);
        Assert.All(lines.Chunk(2), pair => Assert.Equal(pair[0].Replace("start", "end", StringComparison.Ordinal), pair[1]));
    }

    [Fact]
    public async Task An_operator_may_ask_for_a_rebalance()
    {
        var scheduler = await StartSchedulerAsync(("Scheduler__RebalanceInterval", "00:00:00"));
        var slow = await ConnectScriptedWorkerAsync("w1");
        await slow.RegisterAsync();
        var run = Submission.Shell("true");
        await scheduler.SubmitAsync(run);
        var handedOut = await slow.NextRunAsync();
        await StartWorkerAsync(scheduler, "w2");

        await Eventually.TrueAsync("it has not started for so long that it is recalled", async () =>
        {
            using var answer = await scheduler.SendAsync(HttpMethod.Post, "api/rebalance");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return (await answer.Content.ReadAsStringAsync()).Contains($"{handedOut.RunId}", StringComparison.Ordinal);
        });
    }

    private static async Task<RunDetail> FollowerAsync(Processes.SchedulerProcess scheduler, IReadOnlyList<SubmitAnswer> runs)
    {
        RunDetail? follower = null;
        await Eventually.TrueAsync("one of them follows the run that does not end", async () =>
        {
            foreach (var run in runs)
            {
                if (await scheduler.GetRunAsync(run.RunId) is { State: RunStates.Assigned } assigned && IsFollower(assigned))
                    follower = assigned;
            }

            return follower is not null;
        });
        return follower!;
    }

    private static bool IsFollower(RunDetail run) => run.Timeline.Any(change => change.Reason.Contains("it follows run", StringComparison.Ordinal));
}
