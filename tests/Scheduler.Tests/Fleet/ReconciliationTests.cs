using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Tests.Fleet;

public sealed class ReconciliationTests
{
    private const long Epoch = 3;
    private static readonly Guid Session = Guid.NewGuid();
    private readonly Reconciliation reconciliation = new();
    private readonly TestRun run = new() { CorrelationId = Guid.NewGuid(), Attempt = 2, CurrentState = RunStates.Running };

    private RunAttempt Attempt => new(run.CorrelationId, run.Attempt);

    [Fact]
    public void A_running_attempt_on_no_list_is_missing_only_when_a_heartbeat_after_the_answer_lacks_it_too()
    {
        Assert.Empty(Compare(new(), sequence: 5, answered: 4).Missing);
        // Made before the answer to the first arrived: it may be as old as that one.
        Assert.Empty(Compare(new(), sequence: 6, answered: 4).Missing);

        Assert.Equal([Attempt], Compare(new(), sequence: 7, answered: 5).Missing);
    }

    [Theory]
    [InlineData("held")]
    [InlineData("running")]
    [InlineData("unconfirmed")]
    public void On_any_list_it_is_there_and_the_suspicion_ends(string list)
    {
        Compare(new(), sequence: 1, answered: 0);

        Assert.Empty(Compare(new(list), sequence: 2, answered: 1).Missing);
        Assert.Empty(Compare(new(), sequence: 3, answered: 2).Missing);
        Assert.Equal([Attempt], Compare(new(), sequence: 4, answered: 3).Missing);
    }

    [Fact]
    public void Heartbeats_out_of_order_and_of_another_session_prove_nothing()
    {
        Compare(new(), sequence: 5, answered: 4);

        Assert.Empty(Compare(new(), sequence: 4, answered: 5).Missing);
        Assert.Empty(Compare(new(), sequence: 9, answered: 8, session: Guid.NewGuid()).Missing);
    }

    [Fact]
    public void What_an_earlier_scheduler_answered_proves_nothing()
    {
        Compare(new(), sequence: 5, answered: 4);

        Assert.Empty(Compare(new(), sequence: 7, answered: 6, answeredEpoch: Epoch - 1).Missing);
    }

    [Fact]
    public void An_assigned_attempt_on_no_list_is_left_to_its_start_deadline()
    {
        run.CurrentState = RunStates.Assigned;
        Compare(new(), sequence: 1, answered: 0);

        Assert.Empty(Compare(new(), sequence: 2, answered: 1).Missing);
    }

    [Fact]
    public void An_assigned_attempt_that_runs_has_started()
    {
        run.CurrentState = RunStates.Assigned;

        Assert.Equal([Attempt], Compare(new("running"), sequence: 1, answered: 0).Started);
        Assert.Empty(Compare(new("held"), sequence: 2, answered: 1).Started);
    }

    [Fact]
    public void What_is_held_or_runs_and_belongs_elsewhere_is_stopped()
    {
        var stranger = new RunAttempt(run.CorrelationId, run.Attempt - 1);

        Assert.Equal([stranger], Compare(new("running", stranger), sequence: 1, answered: 0).Strangers);
        Assert.Equal([stranger], Compare(new("held", stranger), sequence: 2, answered: 1).Strangers);
        Assert.Empty(Compare(new("unconfirmed", stranger), sequence: 3, answered: 2).Strangers);
    }

    private Discrepancies Compare(Listed listed, long sequence, long answered, Guid? session = null, long answeredEpoch = Epoch)
    {
        List<RunAttempt> On(string list) => listed.List == list ? [listed.Attempt ?? Attempt] : [];
        var heartbeat = new WorkerHeartbeat
        {
            WorkerId = "w1",
            SessionId = session ?? Session,
            Sequence = sequence,
            Answered = answered,
            AnsweredEpoch = answeredEpoch,
            Held = On("held"),
            Running = On("running"),
            Unconfirmed = On("unconfirmed"),
        };
        return reconciliation.Compare(heartbeat, [run], Epoch);
    }

    private sealed record Listed(string List = "", RunAttempt? Attempt = null);
}
