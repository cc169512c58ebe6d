using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.Persistence.Grouped;
using LoadBalancer.Scheduler.TestRuns;
using LoadBalancer.Scheduler.Tests.LiveSettings;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoadBalancer.Scheduler.Tests.Persistence;

/// <summary>One stored row cannot be read: it was stored by another version, or changed by hand.</summary>
public sealed class UnreadableRunTests
{
    private const string Spoil = """UPDATE runs SET submission = '[]' WHERE test_id = 'bad'""";

    [Fact]
    public async Task Of_runs_that_are_loaded_together_it_alone_fails_with_its_reason()
    {
        await using var saga = await SagaFixture.StartAsync();
        var runs = Enumerable.Range(0, 50).Select(i => (Id: Guid.NewGuid(), TestId: i == 37 ? "bad" : $"test-{i}")).ToList();
        foreach (var (id, testId) in runs)
            await saga.RaiseAsync(new RunSubmitted(id, new SubmitTest { TestId = testId }));
        await saga.ReadAsync(database => database.Database.ExecuteSqlRawAsync(Spoil));
        await using var loads = new RunLoads(saga.Get<IServiceScopeFactory>());

        var loading = runs.Select(run => loads.LoadAsync(run.Id)).ToList();
        var missing = loads.LoadAsync(Guid.NewGuid());

        var problem = await Assert.ThrowsAsync<UnreadableRunException>(() => loading[37]);
        Assert.StartsWith($"run {runs[37].Id} cannot be read as it is stored: ", problem.Message, StringComparison.Ordinal);
        foreach (var (run, load) in runs.Zip(loading).Where(one => one.First.TestId != "bad"))
            Assert.Equal(run.TestId, (await load)!.TestId);
        Assert.Null(await missing);
    }

    [Fact]
    public async Task A_scheduler_starts_without_it_and_says_so()
    {
        await using var scheduler = await LiveScheduler.StartAsync();
        var bad = await scheduler.RunAsync(new SubmitTest { TestId = "bad" });
        var good = await scheduler.RunAsync(new SubmitTest { TestId = "good" });
        await scheduler.ExecuteAsync(Spoil);

        await scheduler.RestartAsync();

        await scheduler.RegisterAsync("w1", memoryGb: 8);
        await scheduler.WaitForStateAsync(good, RunStates.Assigned);
        Assert.Contains(scheduler.Log.Errors, error => error.Contains($"Run {bad} waits and is not planned", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_heartbeat_of_the_worker_that_has_it_counts_for_what_else_it_has()
    {
        await using var scheduler = await LiveScheduler.StartAsync();
        var session = Guid.NewGuid();
        await scheduler.RegisterAsync("w1", memoryGb: 8, session, slots: 2);
        var (bad, good) = (await scheduler.RunAsync(new SubmitTest { TestId = "bad" }), await scheduler.RunAsync(new SubmitTest { TestId = "good" }));
        await scheduler.WaitForStateAsync(bad, RunStates.Assigned);
        await scheduler.WaitForStateAsync(good, RunStates.Assigned);
        await scheduler.ExecuteAsync(Spoil);

        await scheduler.SendAsync(
            Names.WorkerHeartbeats, new WorkerHeartbeat { WorkerId = "w1", SessionId = session, Sequence = 1, Running = [new(bad, 1), new(good, 1)] });

        await scheduler.WaitForStateAsync(good, RunStates.Running);
    }
}
