using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Tests.TestRuns;

/// <summary>What is handed out ahead of its time, and what is recalled to start sooner elsewhere.</summary>
public sealed class MoveTests
{
    private const string Reason = "recalled from w1: w2 could finish it 12 s sooner";

    [Fact]
    public async Task A_move_asks_the_run_back_and_places_it_again_when_the_worker_has_confirmed()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Assigned);

        Assert.True((await saga.RaiseAsync(new MoveProposed(saga.RunId, 1, Reason))).Applied);
        Assert.Equal(RunStates.Assigned, (await saga.RunAsync()).CurrentState);
        Assert.Single(await saga.ReadAsync(database => database.Reservations.ToListAsync()));
        var recall = (await CommandsAsync(saga)).Select(message => message.Read<RecallTest>()).Single();
        Assert.Equal((saga.RunId, 1), (recall.RunId, recall.Attempt));

        await saga.RaiseAsync(new RunRecalled(saga.RunId, saga.Owner(), Started: false));
        var run = await saga.RunAsync();
        Assert.Equal(RunStates.Requeued, run.CurrentState);
        Assert.True(Demands.Of(run).WasMoved);
        Assert.Equal((0, 0), (run.RetriesUsed, run.InfrastructureFailures));
        var changes = await saga.ReadAsync(database => database.Changes.OrderBy(change => change.Id).ToListAsync());
        Assert.Equal([RunStates.Submitted, RunStates.Assigned, RunStates.Assigned, RunStates.Requeued], changes.Select(change => change.State));
        Assert.Equal(Reason, changes[2].Reason);
    }

    [Fact]
    public async Task A_move_that_comes_too_late_changes_nothing()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Assigned);
        await saga.RaiseAsync(new MoveProposed(saga.RunId, 1, Reason));

        await saga.StartRunAsync();
        await saga.RaiseAsync(new RunRecalled(saga.RunId, saga.Owner(), Started: true));
        Assert.Equal(RunStates.Running, (await saga.RunAsync()).CurrentState);
        await saga.FinishAsync();

        Assert.Equal(RunStates.Completed, (await saga.RunAsync()).CurrentState);
    }

    [Theory]
    [InlineData(RunStates.Submitted)]
    [InlineData(RunStates.Running)]
    [InlineData(RunStates.Requeued)]
    [InlineData(RunStates.Completed)]
    [InlineData(RunStates.Failed)]
    [InlineData(RunStates.Cancelled)]
    public async Task Nothing_is_moved_but_what_is_assigned(string state)
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(state);
        var before = await saga.RunAsync();

        Assert.False((await saga.RaiseAsync(new MoveProposed(saga.RunId, 1, Reason))).Applied);

        Assert.Equal((state, before.Sequence), ((await saga.RunAsync()).CurrentState, (await saga.RunAsync()).Sequence));
    }

    [Fact]
    public async Task A_run_is_moved_once_and_not_when_it_is_cancelled_or_the_attempt_is_another()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Assigned);

        Assert.False((await saga.RaiseAsync(new MoveProposed(saga.RunId, 2, Reason))).Applied);
        Assert.True((await saga.RaiseAsync(new MoveProposed(saga.RunId, 1, Reason))).Applied);
        Assert.False((await saga.RaiseAsync(new MoveProposed(saga.RunId, 1, Reason))).Applied);

        await using var other = await SagaFixture.StartAsync();
        await other.ReachAsync(RunStates.Assigned);
        await other.RaiseAsync(new CancelRequested(other.RunId, "not needed"));
        Assert.False((await other.RaiseAsync(new MoveProposed(other.RunId, 1, Reason))).Applied);
    }

    [Fact]
    public async Task The_worker_and_the_next_scheduler_are_told_whom_a_run_follows()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.SubmitAsync();
        var predecessor = new AttemptId(Guid.NewGuid(), 3);

        await saga.PlaceAsync(startsAfter: predecessor);

        var message = (await saga.ReadAsync(database => database.Outbox.SingleAsync(m => m.Kind == OutboxKind.Assignment))).Read<RunTest>();
        Assert.Equal(new RunAttempt(predecessor.RunId, predecessor.Attempt), message.StartsAfter);
        Assert.Equal(predecessor, Assert.Single(await saga.ReadAsync(database => StoredReservation.AllAsync(database, default))).StartsAfter);
    }

    private static Task<List<OutboxMessage>> CommandsAsync(SagaFixture saga) =>
        saga.ReadAsync(database => database.Outbox.Where(message => message.Kind == OutboxKind.Command).ToListAsync());
}
