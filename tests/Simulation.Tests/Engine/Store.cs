using System.Reflection;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Leadership;
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

    /// <summary>The process is frozen before it, and makes it when it wakes.</summary>
    Frozen,
}

/// <summary>The process is dead; nobody but the simulation may catch this.</summary>
internal sealed class ProcessKilledException : Exception;

/// <summary>The process is frozen in the middle of something; it tries it anew when it wakes.</summary>
internal sealed class ProcessFrozenException : Exception;

/// <summary>Whose connection the store is used on.</summary>
internal interface IWriter
{
    /// <summary>The one in which it believes to lead.</summary>
    long Epoch { get; }

    /// <summary>It is frozen, and makes the commit when it wakes.</summary>
    void FreezeBefore(Func<object?> commit);
}

/// <summary>What is remembered: the tables, in memory, with their keys. It survives every process.</summary>
internal sealed class Store
{
    private static readonly PropertyInfo[] Columns = [.. typeof(TestRun).GetProperties().Where(column => column.CanWrite)];

    private long lastId;

    public Dictionary<Guid, TestRun> Runs { get; } = [];

    public Dictionary<Guid, ReservationRow> Reservations { get; } = [];

    public Dictionary<(Guid RunId, int Attempt), DecisionRow> Decisions { get; } = [];

    public List<OutcomeRow> Outcomes { get; } = [];

    public List<ChangeRow> Changes { get; } = [];

    public SortedDictionary<long, OutboxMessage> Outbox { get; } = [];

    public Dictionary<string, WorkerSession> Workers { get; } = new(StringComparer.Ordinal);

    /// <summary>The row that names the leader.</summary>
    public LeaderRow Leader { get; } = new();

    /// <summary>Whoever acts at the moment.</summary>
    public IWriter? Writer { get; set; }

    /// <summary>Every transaction begins by locking the epoch of its writer.</summary>
    public bool LocksEpoch { get; set; } = true;

    /// <summary>Writes of schedulers that no longer led.</summary>
    public int Refused { get; private set; }

    /// <summary>Decides what becomes of the next commit.</summary>
    public Func<CommitFate> Fate { get; set; } = () => CommitFate.Durable;

    /// <summary>Looks at every commit that became durable: the run before, null for a new one, and after.</summary>
    public Action<TestRun?, TestRun> Committed { get; set; } = (_, _) => { };

    public TestRun? Load(Guid runId) => Runs.GetValueOrDefault(runId)?.Copy();

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
            Runs[run.CorrelationId] = run.Copy();
            Committed(before, run);
            return committed;
        });
    }

    public void Put(WorkerSession session) => Committing(() => Workers[session.WorkerId] = session);

    public void Forget(string workerId) => Fenced(() => Workers.Remove(workerId));

    /// <summary>Writes nothing, and is refused as a write would be.</summary>
    public void Confirm()
    {
        if (LocksEpoch && Writer!.Epoch != Leader.Epoch)
            throw new NotLeadingException(Writer.Epoch);
    }

    public void Sent(long messageId) => Fenced(() => Outbox.Remove(messageId));

    private T Committing<T>(Func<T> write)
    {
        var fate = Fate();
        if (fate is CommitFate.Frozen)
        {
            Writer!.FreezeBefore(() => Fenced(write));
            throw new ProcessFrozenException();
        }

        if (fate is CommitFate.LostBefore)
            throw new EndOfStreamException("the connection broke before the commit");
        if (fate is CommitFate.KilledBefore)
            throw new ProcessKilledException();

        var written = Fenced(write);
        if (fate is CommitFate.AnswerLost)
            throw new EndOfStreamException("the connection broke after the commit");
        if (fate is CommitFate.KilledAfter)
            throw new ProcessKilledException();
        return written;
    }

    /// <summary>The lock is the product's rule; that nothing of an ended epoch is stored is the promise, and looked at by itself.</summary>
    private T Fenced<T>(Func<T> write)
    {
        var epoch = Writer!.Epoch;
        if (LocksEpoch && epoch != Leader.Epoch)
        {
            Refused++;
            throw new NotLeadingException(epoch);
        }

        var written = write();
        return epoch >= Leader.Epoch ? written : throw new SafetyException($"a write of epoch {epoch} is stored in epoch {Leader.Epoch}");
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
}

/// <summary>Something happened that must never happen.</summary>
internal sealed class SafetyException(string message) : Exception(message);
