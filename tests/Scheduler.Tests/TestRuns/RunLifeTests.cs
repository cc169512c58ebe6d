using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Tests.TestRuns;

public sealed class RunLifeTests
{
    [Fact]
    public async Task A_run_that_passes_goes_through_its_states_in_order()
    {
        await using var saga = await SagaFixture.StartAsync();

        await saga.SubmitAsync();
        Assert.True((await saga.PlaceAsync()).Applied);
        await saga.StartRunAsync();
        await saga.FinishAsync();

        var changes = await saga.ReadAsync(database => database.Changes.OrderBy(change => change.Id).ToListAsync());
        Assert.Equal([RunStates.Submitted, RunStates.Assigned, RunStates.Running, RunStates.Completed], changes.Select(change => change.State));
        Assert.Equal([1L, 2, 3, 4], changes.Select(change => change.Sequence));
        Assert.Empty(await saga.ReadAsync(database => database.Reservations.ToListAsync()));
    }

    [Fact]
    public async Task An_end_that_overtakes_its_beginning_tells_of_both()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Assigned);

        await saga.FinishAsync();
        await saga.StartRunAsync();

        var run = await saga.RunAsync();
        Assert.Equal(RunStates.Completed, run.CurrentState);
        Assert.Equal(saga.Time.GetUtcNow() - TimeSpan.FromSeconds(2), run.StartedAt);
        Assert.Equal(run.StartedAt, (await saga.ReadAsync(database => database.Outcomes.SingleAsync())).StartedAt);
    }

    [Theory]
    [InlineData(TestOutcome.Passed, RunStates.Completed)]
    [InlineData(TestOutcome.Failed, RunStates.Failed)]
    [InlineData(TestOutcome.Stopped, RunStates.Requeued)]
    public async Task An_end_that_tells_of_the_start_too_is_one_commit_and_two_changes(TestOutcome outcome, string state)
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Assigned);
        var before = await saga.RunAsync();

        await saga.RaiseAsync(new AttemptFinished(saga.RunId, saga.Owner(), new TestFinished { RunId = saga.RunId, Attempt = 1, Outcome = outcome, DurationSeconds = 2 }) { TellsOfStart = true });
        await saga.StartRunAsync();

        var run = await saga.RunAsync();
        Assert.Equal((state, before.Version + 1), (run.CurrentState, run.Version));
        Assert.Equal(saga.Time.GetUtcNow() - TimeSpan.FromSeconds(2), run.StartedAt);
        var changes = await saga.ReadAsync(database => database.Changes.OrderBy(change => change.Id).ToListAsync());
        Assert.Equal([RunStates.Submitted, RunStates.Assigned, RunStates.Running, state], changes.Select(change => change.State));
        Assert.Equal([1L, 2, 3, 4], changes.Select(change => change.Sequence));
    }

    [Fact]
    public async Task An_end_of_another_attempt_that_tells_of_its_start_changes_nothing()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Assigned);

        var finished = new TestFinished { RunId = saga.RunId, Attempt = 2, Outcome = TestOutcome.Passed };
        Assert.False((await saga.RaiseAsync(new AttemptFinished(saga.RunId, saga.Owner(2), finished) { TellsOfStart = true })).Applied);

        Assert.Equal(RunStates.Assigned, (await saga.RunAsync()).CurrentState);
    }

    [Fact]
    public async Task Placing_stores_decision_reservation_and_outgoing_message_with_the_state()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Assigned);

        var decision = await saga.ReadAsync(database => database.Decisions.SingleAsync());
        var reservation = await saga.ReadAsync(database => database.Reservations.SingleAsync());
        var message = (await saga.ReadAsync(database => database.Outbox.SingleAsync(m => m.Kind == OutboxKind.Assignment))).Read<RunTest>();

        Assert.Equal(("w1", 1, "adaptive", "ends first there"), (decision.WorkerId, decision.Attempt, decision.Policy, decision.Reason));
        Assert.Equal(3, decision.Score["run"]);
        Assert.Equal("w2", decision.Alternatives.Single().WorkerId);
        Assert.Equal(2, decision.Refusals["backend"]);
        Assert.Equal(("k", 0.5), (reservation.Keys.Single(), reservation.Devices.Single().Share));
        Assert.Equal((saga.RunId, 1, SagaFixture.Session), (message.RunId, message.Attempt, message.SessionId));
    }

    [Fact]
    public async Task The_same_run_id_twice_is_one_run_and_the_answer_names_what_differs()
    {
        await using var saga = await SagaFixture.StartAsync();
        Assert.True((await saga.SubmitAsync()).Applied);

        var same = await saga.SubmitAsync();
        var other = await saga.SubmitAsync(test => test with { Priority = 1 });

        Assert.False(same.Applied);
        Assert.DoesNotContain("differs", same.Reason, StringComparison.Ordinal);
        Assert.False(other.Applied);
        Assert.EndsWith("differs in priority", other.Reason, StringComparison.Ordinal);
        Assert.Equal(3, (await saga.RunAsync()).Priority);
        Assert.Equal(2, await saga.ReadAsync(database => database.Changes.CountAsync(change => change.State == RunStates.Duplicate)));
    }

    [Fact]
    public async Task Copies_of_a_submission_at_the_same_time_are_one_run()
    {
        await using var saga = await SagaFixture.StartAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => saga.SubmitAsync())));

        Assert.Single(replies, reply => reply.Applied);
        Assert.Equal(1, await saga.ReadAsync(database => database.Runs.CountAsync()));
    }

    [Fact]
    public async Task A_lost_worker_makes_the_run_wait_again_and_its_late_result_is_only_evidence()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Running);
        await saga.LoseWorkerAsync();
        await saga.PlaceAsync(attempt: 2, worker: "w2");
        await saga.StartRunAsync(attempt: 1);

        var late = await saga.FinishAsync(TestOutcome.Failed, owner: saga.Owner(1));

        Assert.False(late.Applied);
        var run = await saga.RunAsync();
        Assert.Equal((RunStates.Assigned, 2, "w2"), (run.CurrentState, run.Attempt, run.WorkerId));
        var evidence = await saga.ReadAsync(database => database.Outcomes.SingleAsync(outcome => !outcome.Accepted));
        Assert.Equal((1, (TestOutcome?)TestOutcome.Failed), (evidence.Attempt, evidence.Outcome));
        Assert.Equal(2, (await saga.ReadAsync(database => database.Reservations.SingleAsync())).Attempt);
    }

    [Fact]
    public async Task A_result_that_overtakes_the_start_is_accepted_and_the_start_then_changes_nothing()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Assigned);

        await saga.FinishAsync();
        await saga.StartRunAsync();
        await saga.FinishAsync();

        Assert.Equal(RunStates.Completed, (await saga.RunAsync()).CurrentState);
        Assert.Equal(1, await saga.ReadAsync(database => database.Outcomes.CountAsync(outcome => outcome.Accepted)));
    }

    [Theory]
    [InlineData(TestOutcome.Passed, RunStates.Completed, null)]
    [InlineData(TestOutcome.Skipped, RunStates.Completed, null)]
    [InlineData(TestOutcome.Failed, RunStates.Failed, FailureKinds.TestFailed)]
    [InlineData(TestOutcome.OutOfMemory, RunStates.Failed, FailureKinds.TestFailed)]
    [InlineData(TestOutcome.TimedOut, RunStates.Failed, FailureKinds.TimedOut)]
    [InlineData(TestOutcome.Stopped, RunStates.Requeued, null)]
    [InlineData(TestOutcome.WorkerError, RunStates.Requeued, null)]
    public async Task An_outcome_leads_to_its_state(TestOutcome outcome, string state, string? kind)
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Running);

        var reply = await saga.FinishAsync(outcome);

        var run = await saga.RunAsync();
        Assert.True(reply.Applied);
        Assert.Equal((state, kind), (run.CurrentState, run.FailureKind));
        Assert.True((await saga.ReadAsync(database => database.Outcomes.SingleAsync())).Accepted);
    }

    [Fact]
    public async Task Retries_are_used_up_one_by_one_and_remember_where_it_failed()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.SubmitAsync(test => test with { Retries = 1 });
        await saga.PlaceAsync();
        await saga.FinishAsync(TestOutcome.Failed);
        var waiting = await saga.RunAsync();
        await saga.PlaceAsync(attempt: 2);
        await saga.FinishAsync(TestOutcome.Failed, attempt: 2);

        Assert.Equal(RunStates.Requeued, waiting.CurrentState);
        Assert.Equal(["w1"], waiting.FailedOn);
        Assert.Equal((RunStates.Failed, FailureKinds.TestFailed), ((await saga.RunAsync()).CurrentState, (await saga.RunAsync()).FailureKind));
    }

    [Fact]
    public async Task A_run_that_kills_workers_fails_naming_them()
    {
        await using var saga = await SagaFixture.StartAsync(new SchedulerOptions { MaxInfrastructureAttempts = 2 });
        await saga.SubmitAsync();
        foreach (var attempt in new[] { 1, 2 })
        {
            await saga.PlaceAsync(attempt);
            await saga.StartRunAsync(attempt);
            await saga.LoseWorkerAsync(attempt);
        }

        var run = await saga.RunAsync();
        Assert.Equal((RunStates.Failed, FailureKinds.WorkerLost), (run.CurrentState, run.FailureKind));
        Assert.Contains("w1, w1", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_test_that_must_not_be_repeated_fails_with_its_worker_whether_its_start_was_heard_of_or_not(bool isHeard)
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.SubmitAsync(test => test with { RequeueOnWorkerLoss = false });
        await saga.PlaceAsync();
        if (isHeard)
            await saga.StartRunAsync();
        await saga.LoseWorkerAsync();

        Assert.Equal(FailureKinds.WorkerLost, (await saga.RunAsync()).FailureKind);
    }

    [Fact]
    public async Task An_impossible_run_is_requeued_with_lowered_priority_until_its_rounds_are_used_up()
    {
        await using var saga = await SagaFixture.StartAsync(new SchedulerOptions { MaxRequeueAttempts = 2 });
        await saga.SubmitAsync();

        await saga.RaiseAsync(new RunImpossible(saga.RunId, "nearest is w1"));
        var requeued = await saga.RunAsync();
        await saga.RaiseAsync(new RunImpossible(saga.RunId, "nearest is w1"));
        var failed = await saga.RunAsync();

        Assert.Equal((RunStates.Requeued, 4), (requeued.CurrentState, requeued.Priority));
        Assert.Equal(saga.Time.GetUtcNow() + new SchedulerOptions().RequeueDelay, requeued.NotBefore);
        Assert.Equal((RunStates.Failed, FailureKinds.Unschedulable), (failed.CurrentState, failed.FailureKind));
        Assert.Contains("nearest is w1", failed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_assignment_that_cannot_be_routed_waits_again_without_spending_a_budget()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Assigned);

        await saga.RaiseAsync(new AssignmentReturned(saga.RunId, saga.Owner()));

        var run = await saga.RunAsync();
        Assert.Equal((RunStates.Requeued, 0, 0), (run.CurrentState, run.RetriesUsed, run.InfrastructureFailures));
        Assert.Empty(await saga.ReadAsync(database => database.Reservations.ToListAsync()));
    }

    [Fact]
    public async Task An_assignment_that_came_back_when_it_was_sent_again_is_asked_back_since_the_first_copy_may_have_arrived()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Assigned);

        await saga.RaiseAsync(new AssignmentReturned(saga.RunId, saga.Owner()) { SentBefore = true });

        Assert.Equal(RunStates.Assigned, (await saga.RunAsync()).CurrentState);
        var command = await saga.ReadAsync(database => database.Outbox.SingleAsync(message => message.Kind == OutboxKind.Command));
        Assert.IsType<RecallTest>(command.Read<WorkerCommand>());
    }

    [Fact]
    public async Task A_cancelled_run_holds_its_worker_until_the_worker_confirms()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Running);

        await saga.RaiseAsync(new CancelRequested(saga.RunId, "not needed"));
        var stopping = await saga.RunAsync();
        var commands = await saga.ReadAsync(database => database.Outbox.Where(m => m.Kind == OutboxKind.Command).ToListAsync());
        await saga.FinishAsync(TestOutcome.Stopped);

        Assert.Equal(RunStates.Running, stopping.CurrentState);
        Assert.IsType<StopTest>(commands.Single().Read<WorkerCommand>());
        Assert.Equal(RunStates.Cancelled, (await saga.RunAsync()).CurrentState);
    }

    [Fact]
    public async Task A_cancel_before_the_submission_is_remembered()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.RaiseAsync(new CancelRequested(saga.RunId, "never mind"));

        var reply = await saga.SubmitAsync();

        Assert.False(reply.Applied);
        Assert.Equal(RunStates.Cancelled, (await saga.RunAsync()).CurrentState);
    }

    [Theory]
    [InlineData(RunStates.Assigned)]
    [InlineData(RunStates.Running)]
    [InlineData(RunStates.Completed)]
    [InlineData(RunStates.Failed)]
    [InlineData(RunStates.Cancelled)]
    public async Task A_second_placement_is_refused(string state)
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(state);

        Assert.False((await saga.PlaceAsync(attempt: 2)).Applied);
        Assert.Equal(state, (await saga.RunAsync()).CurrentState);
    }

    [Fact]
    public async Task News_of_an_unknown_run_changes_nothing()
    {
        await using var saga = await SagaFixture.StartAsync();

        Assert.False((await saga.FinishAsync()).Applied);
        Assert.Equal(0, await saga.ReadAsync(database => database.Runs.CountAsync()));
    }
}
