using LoadBalancer.Contracts;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>A worker and its latest session. It counts as registered until <see cref="SchedulerOptions.ForgetWorkerAfter"/> its loss.</summary>
internal sealed record WorkerSession
{
    public string WorkerId { get; init; } = "";

    public Guid SessionId { get; init; }

    public SessionState State { get; init; }

    public int Slots { get; init; }

    public WorkerCapabilities Capabilities { get; init; } = new();

    public string Version { get; init; } = "";

    public DateTimeOffset RegisteredAt { get; init; }

    public DateTimeOffset LastHeartbeatAt { get; init; }

    /// <summary>On the scheduler's clock. The session is lost when it passes.</summary>
    public DateTimeOffset LeaseUntil { get; init; }

    public WorkerLoad Load { get; init; } = new();

    /// <summary>The worker's session before this one.</summary>
    public Guid? PreviousSessionId { get; init; }

    /// <summary>The worker ended that session itself, because nobody answered it: no fault of the worker nor of what it ran.</summary>
    public bool PreviousEndedByOutage { get; init; }

    /// <summary>It gets nothing new until somebody resumes it, whatever sessions come.</summary>
    public bool Draining { get; init; }

    public string DrainReason { get; init; } = "";

    /// <summary>What still runs then is stopped; null once that was asked.</summary>
    public DateTimeOffset? DrainDeadline { get; init; }

    /// <summary>When the session ended, however it did.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

internal enum SessionState
{
    /// <summary>Holds a lease.</summary>
    Alive,

    /// <summary>The lease ended, or a new session took over.</summary>
    Lost,

    /// <summary>It said goodbye.</summary>
    Left,
}
