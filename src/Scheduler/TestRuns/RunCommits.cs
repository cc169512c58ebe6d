using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Outbox;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>A change that is durable. <see cref="Run"/> is not changed any more by whoever stored it.</summary>
internal sealed record RunCommitted(
    TestRun Run, IReadOnlyList<OutboxMessage> Messages, IReadOnlyList<OutcomeRow> Outcomes);

/// <summary>
/// Tells what was committed to those in this process who act on it at once: the outbox sends, the dispatcher plans, watchers look.
/// All of it is a hint: after a crash each of them starts from the database.
/// </summary>
internal sealed class RunCommits
{
    private event Action<RunCommitted>? Committed;

    /// <summary>The listener is called on the committing thread: it must be quick and must not throw.</summary>
    public void Listen(Action<RunCommitted> listener) => Committed += listener;

    public void StopListening(Action<RunCommitted> listener) => Committed -= listener;

    public void Publish(RunCommitted committed) => Committed?.Invoke(committed);
}
