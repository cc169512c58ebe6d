using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Tests.Dispatch;

/// <summary>What becomes of rows that are told out of order.</summary>
public sealed class DispatchStateTests
{
    private static readonly Guid RunId = Guid.NewGuid();
    private static readonly DateTimeOffset Submitted = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Planner planner;
    private readonly DispatchState state;

    public DispatchStateTests()
    {
        var durations = new DurationModel();
        planner = new Planner(new PolicySet(), durations, new Random(1));
        state = new DispatchState(planner, durations);
    }

    [Fact]
    public void A_row_that_was_read_before_the_end_of_its_run_and_is_told_after_it_does_not_wait_again()
    {
        Tell(Row(version: 1, RunStates.Submitted));
        Tell(Row(version: 2, RunStates.Cancelled));

        Tell(Row(version: 1, RunStates.Submitted));

        Assert.Equal(0, planner.Waiting);
    }

    [Fact]
    public void The_first_row_of_a_run_that_is_told_after_its_end_does_not_wait()
    {
        // As it was made, a fraction of a microsecond after what the database keeps of it.
        Tell(Row(version: 2, RunStates.Cancelled));
        Tell(Row(version: 1, RunStates.Submitted, Submitted.AddTicks(7)));

        Assert.Equal(0, planner.Waiting);
    }

    [Fact]
    public void A_run_that_was_deleted_and_submitted_again_waits()
    {
        Tell(Row(version: 2, RunStates.Cancelled));

        Tell(Row(version: 1, RunStates.Submitted, Submitted.AddDays(30)));

        Assert.Equal(1, planner.Waiting);
    }

    private void Tell(TestRun run) => state.Apply(new RunsCommitted([run], [], []));

    private static TestRun Row(int version, string current, DateTimeOffset? submitted = null) => new()
    {
        CorrelationId = RunId,
        Version = version,
        CurrentState = current,
        SubmittedAt = submitted ?? Submitted,
        EndedAt = current == RunStates.Cancelled ? Submitted : null,
        Priority = 3,
        Submission = new SubmitTest { RunId = RunId, TestId = "a-test" },
    };
}
