using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Outbox;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>What one commit has made durable. Nobody changes these runs any more: the next event works on a copy.</summary>
/// <param name="Runs">As they are now, also those that an event found and left as they were; each once.</param>
/// <param name="Messages">To be sent.</param>
/// <param name="Outcomes">Ended attempts.</param>
internal sealed record RunsCommitted(
    IReadOnlyList<TestRun> Runs, IReadOnlyList<OutboxMessage> Messages, IReadOnlyList<OutcomeRow> Outcomes);

/// <summary>
/// Tells what was committed to those in this process who act on it at once: the outbox sends, the dispatcher plans, watchers look.
/// All of it is a hint: after a crash each of them starts from the database.
/// </summary>
internal sealed class RunCommits
{
    private readonly Lock gate = new();
    private volatile Action<RunsCommitted>[] listeners = [];

    /// <summary>The listener is called on the committing thread: it must be quick and should not throw.</summary>
    public void Listen(Action<RunsCommitted> listener)
    {
        lock (gate)
            listeners = [.. listeners, listener];
    }

    public void StopListening(Action<RunsCommitted> listener)
    {
        lock (gate)
            listeners = [.. listeners.Where(other => other != listener)];
    }

    /// <exception cref="AggregateException">Some listeners failed. The others were told.</exception>
    public void Publish(RunsCommitted committed)
    {
        List<Exception>? failures = null;
        foreach (var listener in listeners)
        {
            try
            {
                listener(committed);
            }
            catch (Exception exception)
            {
                (failures ??= []).Add(exception);
            }
        }

        if (failures is not null)
            throw new AggregateException("some of those who are told of commits failed", failures);
    }
}
