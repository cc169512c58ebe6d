using System.Text.Json.Serialization;
using LoadBalancer.Contracts;
using LoadBalancer.Placement;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>
/// Something that happened to one run. Raised in process, whether a message, a request or the scheduler itself caused it;
/// only the saga turns it into a change of the run.
/// </summary>
internal abstract record RunEvent(Guid RunId)
{
    /// <summary>Filled in by the saga; to be read after the event was raised without an error, which is after its commit.</summary>
    [JsonIgnore]
    public RunReply Reply { get; } = new();
}

/// <summary>What the saga made of an event.</summary>
internal sealed class RunReply
{
    /// <summary>False: the event changed nothing, and <see cref="Reason"/> says why.</summary>
    public bool Applied { get; set; } = true;

    public string Reason { get; set; } = "";

    /// <summary>No such run is stored.</summary>
    public bool IsOfNoRun { get; private set; }

    public void Refuse(string reason) => (Applied, Reason) = (false, reason);

    public void RefuseForNoRun()
    {
        Refuse("no such run");
        IsOfNoRun = true;
    }

    public void Reset() => (Applied, Reason, IsOfNoRun) = (true, "", false);
}

/// <summary>A checked submission.</summary>
internal sealed record RunSubmitted(Guid RunId, SubmitTest Submission) : RunEvent(RunId)
{
    /// <summary>When the last try of this very event that found no such run made it. Whether that was stored is another question.</summary>
    [JsonIgnore]
    public DateTimeOffset? MadeAt { get; set; }
}

/// <summary>The planner chose a worker and reserved there.</summary>
internal sealed record RunPlaced(Guid RunId, Guid SessionId, string WorkerClass, Decision Decision) : RunEvent(RunId);

/// <summary>One scheduling round in which no registered worker could ever run it.</summary>
internal sealed record RunImpossible(Guid RunId, string Reason) : RunEvent(RunId);

/// <summary>The planner would rather have this attempt, which has not started, on another worker.</summary>
internal sealed record MoveProposed(Guid RunId, int Attempt, string Reason) : RunEvent(RunId);

/// <summary>Something about one attempt: it counts only if attempt, worker and session are the ones the run is assigned to.</summary>
internal abstract record AttemptEvent(Guid RunId, AttemptOwner Owner) : RunEvent(RunId);

/// <summary>Who speaks: which attempt, on which worker, in which session of it.</summary>
internal sealed record AttemptOwner(int Attempt, string WorkerId, Guid SessionId);

internal sealed record AttemptStarted(Guid RunId, AttemptOwner Owner) : AttemptEvent(RunId, Owner);

internal sealed record AttemptFinished(Guid RunId, AttemptOwner Owner, TestFinished Report) : AttemptEvent(RunId, Owner)
{
    /// <summary>The same message said that it started: one change of the run tells of both.</summary>
    public bool TellsOfStart { get; init; }
}

/// <summary>The worker's answer to a recall, or its giving back of what it has not started.</summary>
internal sealed record RunRecalled(Guid RunId, AttemptOwner Owner, bool Started) : AttemptEvent(RunId, Owner);

/// <summary>The broker could not route the assignment: the worker's queue is not bound.</summary>
internal sealed record AssignmentReturned(Guid RunId, AttemptOwner Owner) : AttemptEvent(RunId, Owner)
{
    /// <summary>It had been sent before, and nobody knows what became of that: the worker may have it, or get it yet.</summary>
    public bool SentBefore { get; init; }
}

/// <summary>The session that holds the attempt has ended, and nothing of it runs any more.</summary>
internal sealed record WorkerLost(Guid RunId, AttemptOwner Owner, string Reason) : AttemptEvent(RunId, Owner)
{
    /// <summary>The worker ended it itself because nobody answered: nobody is to blame.</summary>
    public bool ByOutage { get; init; }
}

/// <summary>Somebody wants the worker to stop what it runs; the run goes on elsewhere.</summary>
internal sealed record StopRequested(Guid RunId, AttemptOwner Owner, string Reason) : AttemptEvent(RunId, Owner);

internal sealed record DeadlinePassed(Guid RunId, Deadline Deadline) : RunEvent(RunId);

internal enum Deadline
{
    /// <summary>It never started within its queue timeout.</summary>
    Queue,

    /// <summary>It was assigned and has not started.</summary>
    Start,

    /// <summary>It runs longer than its timeout allows, and its worker has not ended it.</summary>
    Execution,
}

internal sealed record CancelRequested(Guid RunId, string Reason) : RunEvent(RunId);
