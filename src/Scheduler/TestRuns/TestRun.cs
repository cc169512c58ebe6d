using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Outbox;
using MassTransit;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>One submission and where it stands. Only the state machine writes it.</summary>
internal sealed class TestRun : SagaStateMachineInstance, ISagaVersion
{
    /// <summary>The run id.</summary>
    public Guid CorrelationId { get; set; }

    public int Version { get; set; }

    public string CurrentState { get; set; } = "";

    /// <summary>Rises with every change that is announced.</summary>
    public long Sequence { get; set; }

    /// <summary>As it was accepted; null for a run that was cancelled before it was submitted.</summary>
    public SubmitTest? Submission { get; set; }

    public string TestId { get; set; } = "";

    public string Suite { get; set; } = "";

    public string Submitter { get; set; } = "";

    public string TestType { get; set; } = "";

    /// <summary>1 to 5; rounds in which the run was impossible lower it.</summary>
    public int Priority { get; set; }

    public DateTimeOffset SubmittedAt { get; set; }

    /// <summary>The hand-out that is current, or the last one.</summary>
    public int Attempt { get; set; }

    public string? WorkerId { get; set; }

    public Guid? SessionId { get; set; }

    public string? WorkerClass { get; set; }

    public DateTimeOffset? AssignedAt { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    public int RetriesUsed { get; set; }

    public int InfrastructureFailures { get; set; }

    public int ImpossibleRounds { get; set; }

    /// <summary>Workers on which an attempt failed or was lost, in order.</summary>
    public List<string> FailedOn { get; set; } = [];

    /// <summary>It was recalled once so as to start sooner on another worker, and stays where it is put from then on.</summary>
    public bool WasMoved { get; set; }

    /// <summary>Not to be placed earlier.</summary>
    public DateTimeOffset? NotBefore { get; set; }

    public DateTimeOffset? QueueDeadline { get; set; }

    public DateTimeOffset? StartDeadline { get; set; }

    /// <summary>The worker times what it runs; long after that the scheduler asks it to stop.</summary>
    public DateTimeOffset? ExecutionDeadline { get; set; }

    /// <summary>The execution deadline has passed, and the attempt still holds its worker.</summary>
    public bool Overdue { get; set; }

    /// <summary>Set while a cancelled attempt still holds its worker.</summary>
    public string? CancelReason { get; set; }

    public string? FailureKind { get; set; }

    public string? Error { get; set; }

    /// <summary>Why it is in this state.</summary>
    public string Reason { get; set; } = "";

    public double? DurationSeconds { get; set; }

    /// <summary>What commits together with this row. Not part of it.</summary>
    public RunEffects Effects { get; private set; } = new();

    /// <summary>For the next event to change. Lists are replaced, never changed, so they are shared.</summary>
    public TestRun Copy()
    {
        var copy = (TestRun)MemberwiseClone();
        copy.Effects = new RunEffects();
        return copy;
    }

    public bool IsWaiting => CurrentState is RunStates.Submitted or RunStates.Requeued;

    public bool HoldsWorker => CurrentState is RunStates.Assigned or RunStates.Running;

    public bool Owns(AttemptOwner owner) =>
        HoldsWorker && owner.Attempt == Attempt && owner.WorkerId == WorkerId && owner.SessionId == SessionId;

    public AttemptOwner? CurrentOwner =>
        HoldsWorker && WorkerId is { } worker && SessionId is { } session ? new AttemptOwner(Attempt, worker, session) : null;
}

/// <summary>Rows to add and reservations to remove in the transaction that stores the run.</summary>
internal sealed class RunEffects
{
    private readonly List<object> rows = [];

    public IReadOnlyList<object> Rows => rows;

    /// <summary>Messages for one worker. What is announced follows from the <see cref="ChangeRow"/>s.</summary>
    public IEnumerable<OutboxMessage> Messages => rows.OfType<OutboxMessage>();

    public IEnumerable<ChangeRow> Announced => rows.OfType<ChangeRow>();

    public IEnumerable<OutcomeRow> Outcomes => rows.OfType<OutcomeRow>();

    /// <summary>The attempt that gives back what it held.</summary>
    public int? ReleasedAttempt { get; private set; }

    public void Store(object row) => rows.Add(row);

    public void Release(int attempt) => ReleasedAttempt = attempt;

    public void Clear()
    {
        rows.Clear();
        ReleasedAttempt = null;
    }
}
