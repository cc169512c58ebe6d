using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Tests.Dispatch;

public sealed class DispatcherTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_waiting_run_is_assigned_to_a_worker_that_can_take_it()
    {
        await using var saga = await SagaFixture.StartAsync();
        await using var loop = new DispatchLoop(saga.Get<Dispatcher>());

        await RegisterAsync(saga);
        await saga.SubmitAsync();
        await CommittedAsync(saga, saga.RunId, RunStates.Assigned);

        var run = await saga.RunAsync();
        Assert.Equal((1, SagaFixture.Worker), (run.Attempt, run.WorkerId));
    }

    [Fact]
    public async Task News_of_a_run_whose_placement_is_being_stored_disturb_nothing()
    {
        await using var saga = await SagaFixture.StartAsync();
        await RegisterAsync(saga);
        await saga.SubmitAsync();
        var run = await saga.RunAsync();

        // The placement is decided, and waits here to be stored.
        var gate = await saga.Get<EmbeddedDatabaseGate>().EnterAsync(TestContext.Current.CancellationToken);
        await using var loop = new DispatchLoop(saga.Get<Dispatcher>());
        await UntilAsync(async () => await ReservationsAsync(saga) == 1);

        // As a repeated submission does: the run's row changes, and the run goes on waiting.
        run.Version++;
        saga.Get<RunCommits>().Publish(new RunsCommitted([run], [], []));
        Assert.Equal(1, await ReservationsAsync(saga));
        gate!.Dispose();
        await CommittedAsync(saga, saga.RunId, RunStates.Assigned);
        Assert.Empty(saga.Log.Errors);
    }

    [Fact]
    public async Task A_freed_worker_gets_the_next_run_at_once()
    {
        await using var saga = await SagaFixture.StartAsync();
        await using var loop = new DispatchLoop(saga.Get<Dispatcher>());
        await RegisterAsync(saga);
        await saga.SubmitAsync();
        await CommittedAsync(saga, saga.RunId, RunStates.Assigned);
        var second = Guid.NewGuid();
        await saga.RaiseAsync(new RunSubmitted(second, new SubmitTest { RunId = second, TestId = "another", Submitter = "ci" }));

        await saga.FinishAsync();

        // The clock stands still, so only the release can cause it.
        await CommittedAsync(saga, second, RunStates.Assigned);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_run_that_does_not_wait_any_more_is_decided_on_until_that_is_found_out(bool isStored)
    {
        await using var saga = await SagaFixture.StartAsync();
        await using var loop = new DispatchLoop(saga.Get<Dispatcher>());
        await RegisterAsync(saga);
        var ghost = new TestRun { CorrelationId = saga.RunId, CurrentState = RunStates.Submitted, Version = 1, Priority = 3, Submission = new SubmitTest { TestId = "ghost" } };
        if (isStored)
        {
            var ended = ghost.Copy();
            (ended.CurrentState, ended.Version, ended.EndedAt) = (RunStates.Cancelled, 2, saga.Time.GetUtcNow());
            await saga.ReadAsync(database =>
            {
                database.Add(ended);
                return database.SaveChangesAsync(TestContext.Current.CancellationToken);
            });
        }

        saga.Get<RunCommits>().Publish(new RunsCommitted([ghost], [], []));
        await UntilAsync(async () => await saga.Get<Dispatcher>().AskAsync(planner => planner.Waiting, TestContext.Current.CancellationToken) == 0);

        // The worker is free again, and nothing is decided on before the next run.
        var next = Guid.NewGuid();
        await saga.RaiseAsync(new RunSubmitted(next, new SubmitTest { RunId = next, TestId = "next" }));
        await CommittedAsync(saga, next, RunStates.Assigned);
        Assert.Equal(0, await saga.Get<Dispatcher>().AskAsync(planner => planner.Waiting, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Each_test_of_a_batch_is_told_who_could_run_it_and_when_it_will_have_finished()
    {
        await using var saga = await SagaFixture.StartAsync();
        await using var loop = new DispatchLoop(saga.Get<Dispatcher>());
        await RegisterAsync(saga);

        var prospects = await saga.Get<Dispatcher>().ProspectsAsync(
            [
                (Guid.NewGuid(), new SubmitTest { TestId = "fits" }),
                (Guid.NewGuid(), new SubmitTest { TestId = "too large", Requirements = new TestRequirements { MinimumMemoryGb = 64 } }),
            ],
            TestContext.Current.CancellationToken);

        Assert.Equal([1, 0], prospects.Select(one => one.FeasibleWorkers));
        Assert.True(prospects[0].Eta!.P50 < prospects[0].Eta!.P90);
        Assert.Null(prospects[1].Eta);
    }

    private static async Task RegisterAsync(SagaFixture saga)
    {
        var refusal = await saga.Get<WorkerFleet>().RegisterAsync(
            SagaFixture.Worker,
            SagaFixture.Session,
            new WorkerRegistered { Slots = 1, ReplyTo = "", Capabilities = new WorkerCapabilities { CpuCores = 1, MemoryGb = 4 } },
            TestContext.Current.CancellationToken);
        Assert.Null(refusal);
    }

    private static Task<int> ReservationsAsync(SagaFixture saga) =>
        saga.Get<Dispatcher>().AskAsync(planner => planner.ReservationsOn(SagaFixture.Worker).Count, TestContext.Current.CancellationToken);

    private static Task CommittedAsync(SagaFixture saga, Guid runId, string state) =>
        UntilAsync(() => Task.FromResult(saga.Commits.Any(commit => commit.Runs[0].CorrelationId == runId && commit.Runs[0].CurrentState == state)));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await condition())
            await Task.Delay(10, limit.Token);
    }
}
