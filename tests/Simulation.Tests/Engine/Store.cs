using System.Reflection;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Simulation.Tests.Engine;

/// <summary>What becomes of a commit.</summary>
internal enum CommitFate
{
    Durable,

    /// <summary>The connection breaks before it: nothing is stored, and the caller does not know.</summary>
    LostBefore,

    /// <summary>The connection breaks after it: all is stored, and the caller does not know.</summary>
    AnswerLost,

    /// <summary>The process dies before it.</summary>
    KilledBefore,

    /// <summary>The process dies after it.</summary>
    KilledAfter,
}

/// <summary>The process is dead; nobody but the simulation may catch this.</summary>
internal sealed class ProcessKilledException : Exception;

/// <summary>What is remembered: the tables, in memory, with their keys. It survives every process.</summary>
internal sealed class Store
{
    private static readonly Func<object, object> Copied =
        typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

    private static readonly PropertyInfo[] Columns = [.. typeof(TestRun).GetProperties().Where(column => column.CanWrite)];

    private long lastId;

    public Dictionary<Guid, TestRun> Runs { get; } = [];

    public Dictionary<Guid, ReservationRow> Reservations { get; } = [];

    public Dictionary<(Guid RunId, int Attempt), DecisionRow> Decisions { get; } = [];

    public List<OutcomeRow> Outcomes { get; } = [];

    public List<ChangeRow> Changes { get; } = [];

    public SortedDictionary<long, OutboxMessage> Outbox { get; } = [];

    public Dictionary<string, WorkerSession> Workers { get; } = new(StringComparer.Ordinal);

    public long Epoch { get; set; }

    /// <summary>Decides what becomes of the next commit.</summary>
    public Func<CommitFate> Fate { get; set; } = () => CommitFate.Durable;

    /// <summary>Looks at every commit that became durable: the run before, null for a new one, and after.</summary>
    public Action<TestRun?, TestRun> Committed { get; set; } = (_, _) => { };

    public TestRun? Load(Guid runId)
    {
        if (!Runs.TryGetValue(runId, out var stored))
            return null;

        var run = Copy(stored);
        // The copy shares it with the stored row, where a killed process may have left something.
        run.Effects.Clear();
        return run;
    }

    /// <returns>What was stored, or null when the event changed nothing.</returns>
    public RunsCommitted? Commit(TestRun run)
    {
        var before = Runs.GetValueOrDefault(run.CorrelationId);
        var changed = before is null || Columns.Any(column => !Equals(column.GetValue(before), column.GetValue(run)));
        if (!changed && run.Effects.Rows.Count == 0)
            return null;

        return Committing(() =>
        {
            if (changed)
                run.Version++;
            var announcements = OutboxMessage.Events(run.Effects.Announced).ToList();
            foreach (var row in run.Effects.Rows.Concat(announcements))
                Add(row);
            if (run.Effects.ReleasedAttempt is { } attempt && Reservations.TryGetValue(run.CorrelationId, out var held) && held.Attempt == attempt)
                Reservations.Remove(run.CorrelationId);
            var committed = new RunsCommitted([run], [.. run.Effects.Messages, .. announcements], [.. run.Effects.Outcomes]);
            Runs[run.CorrelationId] = Copy(run);
            Committed(before, run);
            return committed;
        });
    }

    public void Put(WorkerSession session) => Committing(() => Workers[session.WorkerId] = session);

    private T Committing<T>(Func<T> write)
    {
        var fate = Fate();
        if (fate is CommitFate.LostBefore)
            throw new EndOfStreamException("the connection broke before the commit");
        if (fate is CommitFate.KilledBefore)
            throw new ProcessKilledException();

        var written = write();
        if (fate is CommitFate.AnswerLost)
            throw new EndOfStreamException("the connection broke after the commit");
        if (fate is CommitFate.KilledAfter)
            throw new ProcessKilledException();
        return written;
    }

    private void Add(object row)
    {
        switch (row)
        {
            case OutboxMessage message:
                message.Id = ++lastId;
                Outbox.Add(message.Id, message);
                break;
            case OutcomeRow outcome:
                if (outcome.Accepted && Outcomes.Any(o => o.Accepted && o.RunId == outcome.RunId && o.Attempt == outcome.Attempt))
                    throw new SafetyException($"two outcomes of attempt {outcome.Attempt} of run {outcome.RunId} were accepted");
                outcome.Id = ++lastId;
                Outcomes.Add(outcome);
                break;
            case ReservationRow reservation:
                if (!Reservations.TryAdd(reservation.RunId, reservation))
                    throw new SafetyException($"run {reservation.RunId} holds two reservations");
                break;
            case DecisionRow decision:
                Decisions.Add((decision.RunId, decision.Attempt), decision);
                break;
            case ChangeRow change:
                Changes.Add(change);
                break;
        }
    }

    private static TestRun Copy(TestRun run) => (TestRun)Copied(run);
}

/// <summary>Something happened that must never happen.</summary>
internal sealed class SafetyException(string message) : Exception(message);
