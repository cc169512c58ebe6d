using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>The database does not answer for a while.</summary>
public sealed class DatabaseLossTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task While_the_database_is_away_everything_waits_and_nothing_becomes_a_dead_letter()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "steady", slots: 2, settings: ("Worker__HeartbeatInterval", "00:00:01"));
        var running = Submission.Shell($"until [ -e {Folder}/go ]; do sleep 0.1; done");
        await Client.SubmitAsync(running);
        await scheduler.WaitForRunAsync(Submission.RunIdOf(running), run => run.State == "Running", "runs");

        await Database.CloseAsync();
        await Eventually.TrueAsync("the scheduler says that it is not ready", async () => !await scheduler.IsReadyAsync());
        var waiting = Submission.Shell("true");
        await Client.SubmitAsync(waiting);
        // Its result is reported while nobody can store it, and heartbeats go on.
        await File.WriteAllTextAsync($"{Folder}/go", "", TestContext.Current.CancellationToken);
        foreach (var queue in new[] { "submit-test", "worker-events", "worker-heartbeats" })
            await Eventually.TrueAsync($"a message of {queue} is held", async () => await UnacknowledgedAsync(queue) > 0);
        await Database.OpenAsync();

        foreach (var submission in new[] { running, waiting })
        {
            var run = await scheduler.WaitForEndAsync(Submission.RunIdOf(submission));
            Assert.Equal(("Completed", 1), (run.State, run.Attempt));
        }

        Assert.DoesNotContain(await Broker.QueuesAsync(), queue => queue.GetProperty("name").GetString()!.EndsWith("_error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_scheduler_cannot_store_stays_on_the_broker_but_for_a_few()
    {
        const int Prefetched = 32, Submitted = 60;
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1", slots: 8, settings: ("Worker__HeartbeatInterval", "00:00:01"));

        await Database.CloseAsync();
        await Eventually.TrueAsync("the scheduler says that it is not ready", async () => !await scheduler.IsReadyAsync());
        var tests = Enumerable.Range(1, Submitted).Select(number => Submission.Shell("true", testId: $"test-{number}")).ToList();
        foreach (var test in tests)
            await Client.SubmitAsync(test);
        await Eventually.TrueAsync("a full hand is held", async () => await UnacknowledgedAsync("submit-test") == Prefetched);
        Assert.Equal(Submitted - Prefetched, await Broker.ReadyMessagesAsync("submit-test"));
        await Database.OpenAsync();

        foreach (var test in tests)
            Assert.Equal("Completed", (await scheduler.WaitForEndAsync(Submission.RunIdOf(test))).State);
    }

    private async Task<int> UnacknowledgedAsync(string queue) =>
        (await Broker.QueuesAsync()).Where(q => q.GetProperty("name").GetString() == queue)
        .Sum(q => q.TryGetProperty("messages_unacknowledged", out var count) ? count.GetInt32() : 0);
}
