using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Tests.Dispatch;

/// <summary>A commit took place and its answer was lost: the event is tried again and finds nothing to do, but nobody was told.</summary>
public sealed class LostAnswerTests
{
    [Fact]
    public async Task A_submission_is_accepted_and_not_a_duplicate_of_itself()
    {
        await using var saga = await SagaFixture.StartAsync();
        await using var loop = new DispatchLoop(saga.Get<Dispatcher>());
        await RegisterAsync(saga);

        saga.Answers.LoseNext();
        var submitted = saga.SubmitAsync();
        await TimePassesUntilAsync(saga, () => submitted.IsCompleted && saga.Commits.Any(commit => commit.Runs[0].CurrentState == RunStates.Assigned));

        Assert.True((await submitted).Applied);
        Assert.DoesNotContain(RunStates.Duplicate, await saga.ReadAsync(database => database.Changes.Select(change => change.State).ToListAsync()));
        Assert.False((await saga.SubmitAsync()).Applied);
    }

    [Fact]
    public async Task A_submission_that_finds_the_same_run_of_somebody_else_is_a_duplicate_also_when_its_answer_was_lost()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.SubmitAsync();

        saga.Answers.LoseNext();
        var again = saga.SubmitAsync();
        await TimePassesUntilAsync(saga, () => again.IsCompleted);

        Assert.False((await again).Applied);
    }

    [Fact]
    public async Task A_placement_keeps_its_reservation()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.SubmitAsync();
        saga.Answers.LoseNext();
        await using var loop = new DispatchLoop(saga.Get<Dispatcher>());
        await RegisterAsync(saga);

        await TimePassesUntilAsync(saga, () => saga.Commits.Any(commit => commit.Runs[0].CurrentState == RunStates.Assigned));
        Assert.Equal(1, await ReservedAsync(saga));
        Assert.Equal(1, (await saga.RunAsync()).Attempt);
    }

    [Fact]
    public async Task A_run_that_was_given_back_is_placed_again()
    {
        await using var saga = await SagaFixture.StartAsync();
        await using var loop = new DispatchLoop(saga.Get<Dispatcher>());
        await RegisterAsync(saga);
        await saga.SubmitAsync();
        await TimePassesUntilAsync(saga, () => saga.Commits.Any(commit => commit.Runs[0].CurrentState == RunStates.Assigned));

        saga.Answers.LoseNext();
        var recalled = saga.RaiseAsync(new RunRecalled(saga.RunId, saga.Owner(), Started: false));
        await TimePassesUntilAsync(saga, () => recalled.IsCompleted && saga.Commits.Any(commit => commit.Runs[0].Attempt == 2));
        Assert.Equal(1, await ReservedAsync(saga));
    }

    [Fact]
    public async Task A_run_that_ended_frees_its_worker()
    {
        await using var saga = await SagaFixture.StartAsync();
        await using var loop = new DispatchLoop(saga.Get<Dispatcher>());
        await RegisterAsync(saga);
        await saga.SubmitAsync();
        await TimePassesUntilAsync(saga, () => saga.Commits.Any(commit => commit.Runs[0].CurrentState == RunStates.Assigned));

        saga.Answers.LoseNext();
        var finished = saga.FinishAsync();
        await TimePassesUntilAsync(saga, () => finished.IsCompleted);
        Assert.Equal(0, await ReservedAsync(saga));
        Assert.Equal(saga.RunId, Assert.Single(saga.Commits.SelectMany(commit => commit.Outcomes), outcome => outcome.Accepted).RunId);
    }

    private static async Task RegisterAsync(SagaFixture saga) => Assert.Null(await saga.Get<WorkerFleet>().RegisterAsync(
        SagaFixture.Worker,
        SagaFixture.Session,
        new WorkerRegistered { Slots = 1, ReplyTo = "", Capabilities = new WorkerCapabilities { MemoryGb = 8, CpuCores = 4, Class = "class-a" } },
        TestContext.Current.CancellationToken));

    private static Task<int> ReservedAsync(SagaFixture saga) => saga.Get<Dispatcher>().AskAsync(
        planner => planner.ReservationsOn(SagaFixture.Worker).Count, TestContext.Current.CancellationToken);

    /// <summary>The pauses between tries are on the fixture's clock.</summary>
    private static async Task TimePassesUntilAsync(SagaFixture saga, Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            saga.Time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(TimeSpan.FromMilliseconds(5), limit.Token);
        }
    }
}
