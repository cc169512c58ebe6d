using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Tests.TestRuns;

public sealed class DeadlineTests
{
    [Fact]
    public async Task A_run_that_its_worker_does_not_end_is_asked_to_stop_and_times_out_when_the_worker_confirms()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.SubmitAsync(test => test with { TimeoutSeconds = 100 });
        await saga.PlaceAsync();
        await saga.StartRunAsync();
        var deadline = (await saga.RunAsync()).ExecutionDeadline;
        Assert.Equal(saga.Time.GetUtcNow() + TimeSpan.FromSeconds(100) + TimeSpan.FromMinutes(1), deadline);

        saga.Time.Advance(TimeSpan.FromMinutes(3));
        await PassAsync(saga, Deadline.Execution);

        Assert.Equal(1, await ReservationsAsync(saga));
        Assert.True((await saga.RunAsync()).ExecutionDeadline > saga.Time.GetUtcNow());
        Assert.IsType<StopTest>(await LastCommandAsync(saga));

        await saga.FinishAsync(TestOutcome.Stopped);
        var run = await saga.RunAsync();
        Assert.Equal((RunStates.Failed, FailureKinds.TimedOut), (run.CurrentState, run.FailureKind));
        Assert.Equal(0, await ReservationsAsync(saga));
    }

    [Fact]
    public async Task A_prepared_workspace_has_time_of_its_own()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.SubmitAsync(test => test with
        {
            TimeoutSeconds = 100,
            Workspace = new TestWorkspace { Revision = "r1", Prepare = new TestCommand { Executable = "make" } },
        });
        await saga.PlaceAsync();
        await saga.StartRunAsync();

        Assert.Equal(saga.Time.GetUtcNow() + TimeSpan.FromSeconds(100) + TimeSpan.FromMinutes(31), (await saga.RunAsync()).ExecutionDeadline);
    }

    [Fact]
    public async Task An_overdue_attempt_that_is_lost_does_not_mark_the_next_one()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Running);
        await PassAsync(saga, Deadline.Execution);
        await saga.LoseWorkerAsync();

        await saga.PlaceAsync(attempt: 2);
        await saga.StartRunAsync(attempt: 2);
        await saga.FinishAsync(TestOutcome.Stopped, attempt: 2);

        Assert.Equal(RunStates.Requeued, (await saga.RunAsync()).CurrentState);
    }

    [Fact]
    public async Task An_assignment_that_has_not_started_when_its_queue_timeout_ends_is_asked_back_and_fails_once_given_back()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.SubmitAsync(test => test with { QueueTimeoutSeconds = 10 });
        await saga.PlaceAsync();
        Assert.Equal(saga.Time.GetUtcNow() + TimeSpan.FromSeconds(10), (await saga.RunAsync()).StartDeadline);

        saga.Time.Advance(TimeSpan.FromSeconds(10));
        await PassAsync(saga, Deadline.Start);
        Assert.IsType<RecallTest>(await LastCommandAsync(saga));
        Assert.Equal(RunStates.Assigned, (await saga.RunAsync()).CurrentState);

        await saga.RaiseAsync(new RunRecalled(saga.RunId, saga.Owner(), Started: false));
        Assert.Equal((RunStates.Failed, FailureKinds.QueueTimedOut), ((await saga.RunAsync()).CurrentState, (await saga.RunAsync()).FailureKind));
    }

    [Fact]
    public async Task A_stop_for_the_workers_sake_is_told_and_the_run_goes_on_elsewhere()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Running);

        await saga.RaiseAsync(new StopRequested(saga.RunId, saga.Owner(attempt: 7), "of another attempt"));
        await saga.RaiseAsync(new StopRequested(saga.RunId, saga.Owner(), "the worker is drained"));
        Assert.Equal("the worker is drained", Assert.IsType<StopTest>(await LastCommandAsync(saga)).Reason);
        await saga.FinishAsync(TestOutcome.Stopped);

        var run = await saga.RunAsync();
        Assert.Equal((RunStates.Requeued, 0, 0), (run.CurrentState, run.RetriesUsed, run.InfrastructureFailures));
    }

    [Fact]
    public async Task What_a_worker_ended_because_of_an_outage_costs_no_budget()
    {
        await using var saga = await SagaFixture.StartAsync(new SchedulerOptions { MaxInfrastructureAttempts = 1 });
        await saga.ReachAsync(RunStates.Running);

        await saga.RaiseAsync(new WorkerLost(saga.RunId, saga.Owner(), "nobody answered") { ByOutage = true });

        var run = await saga.RunAsync();
        Assert.Equal((RunStates.Requeued, 0), (run.CurrentState, run.InfrastructureFailures));
    }

    [Fact]
    public async Task A_test_that_must_not_be_repeated_is_not_repeated_when_its_worker_stops_it()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.SubmitAsync(test => test with { RequeueOnWorkerLoss = false });
        await saga.PlaceAsync();
        await saga.StartRunAsync();

        await saga.FinishAsync(TestOutcome.Stopped);

        var run = await saga.RunAsync();
        Assert.Equal((RunStates.Failed, FailureKinds.WorkerLost), (run.CurrentState, run.FailureKind));
        Assert.Contains("requeueOnWorkerLoss", run.Error, StringComparison.Ordinal);
    }

    private static Task<RunReply> PassAsync(SagaFixture saga, Deadline deadline) => saga.RaiseAsync(new DeadlinePassed(saga.RunId, deadline));

    private static Task<int> ReservationsAsync(SagaFixture saga) => saga.ReadAsync(database => database.Reservations.CountAsync());

    private static async Task<WorkerCommand> LastCommandAsync(SagaFixture saga) =>
        (await saga.ReadAsync(database => database.Outbox.Where(m => m.Kind == OutboxKind.Command).OrderBy(m => m.Id).LastAsync())).Read<WorkerCommand>();
}
