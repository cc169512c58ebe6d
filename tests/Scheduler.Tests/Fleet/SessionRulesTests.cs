using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Tests.Fleet;

public sealed class SessionRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(45);
    private static readonly Guid Old = Guid.NewGuid(), New = Guid.NewGuid();
    private static readonly WorkerRegistered Plain = new() { Capabilities = new WorkerCapabilities(), Slots = 1, ReplyTo = "" };

    private static WorkerSession Living => SessionRules.Accept(null, "w1", Old, Plain, Now, Lease);

    [Fact]
    public void A_second_process_with_a_living_workers_id_is_refused_and_told_what_to_do()
    {
        var refusal = SessionRules.Refusal(Living, New, Plain, Now);

        Assert.Contains("stop the other process or give this one another Worker:Id", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_names_the_living_session_takes_it_over_at_once()
    {
        Assert.Null(SessionRules.Refusal(Living, New, Plain with { PreviousSessionId = Old }, Now));
        Assert.Null(SessionRules.Refusal(Living, New, Plain with { PreviousSessionId = Guid.NewGuid(), AskedSessionIds = [Guid.NewGuid(), Old] }, Now));
    }

    [Fact]
    public void A_session_that_asks_again_one_without_a_lease_and_one_that_has_ended_stand_in_nobodys_way()
    {
        Assert.Null(SessionRules.Refusal(Living, Old, Plain, Now));
        Assert.Null(SessionRules.Refusal(Living, New, Plain, Now + Lease));
        Assert.Null(SessionRules.Refusal(Living with { State = SessionState.Left }, New, Plain, Now));
    }

    [Fact]
    public void What_a_worker_stopped_in_an_outage_is_nobodys_fault()
    {
        var fenced = SessionRules.Accept(Living, "w1", New, Plain with { PreviousSessionId = Old, PreviousSessionFenced = true }, Now, Lease);
        var again = SessionRules.Accept(fenced, "w1", New, Plain, Now, Lease);
        var restarted = SessionRules.Accept(Living, "w1", New, Plain with { PreviousSessionId = Old }, Now, Lease);

        Assert.True(Loss(fenced).ByOutage);
        Assert.True(Loss(again).ByOutage);
        Assert.False(Loss(restarted).ByOutage);
        // The fenced session was another one than that which is lost here.
        Assert.False(Loss(SessionRules.Accept(Living, "w1", New, Plain with { PreviousSessionId = New, PreviousSessionFenced = true }, Now, Lease)).ByOutage);
    }

    [Fact]
    public void A_drained_worker_stays_drained_over_its_sessions()
    {
        var next = SessionRules.Accept(Living with { Draining = true, DrainReason = "new disk" }, "w1", New, Plain, Now, Lease);

        Assert.Equal((true, "new disk"), (next.Draining, next.DrainReason));
    }

    private static WorkerLost Loss(WorkerSession known) => SessionRules.LossOf(Guid.NewGuid(), new AttemptOwner(1, "w1", Old), known);
}
