using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>Who may be the session of a worker, and what became of the one that held an attempt. Values in, values out.</summary>
internal static class SessionRules
{
    /// <summary>
    /// A second process with the same id is refused while the lease of the first lives, unless it names that session: then it has the
    /// first one's work directory, whose lock says that the first is dead.
    /// </summary>
    /// <returns>Why the session is refused, or null.</returns>
    public static string? Refusal(WorkerSession? known, Guid sessionId, WorkerRegistered registration, DateTimeOffset now)
    {
        if (known is not { State: SessionState.Alive } living || living.SessionId == sessionId || living.LeaseUntil <= now)
            return null;
        if (registration.PreviousSessionId == living.SessionId || registration.AskedSessionIds.Contains(living.SessionId))
            return null;

        return $"worker {living.WorkerId} has a living session until {living.LeaseUntil:HH:mm:ss} UTC: stop the other process or give this one another Worker:Id";
    }

    /// <param name="known">The worker as it is stored, or null when it is new.</param>
    /// <param name="workerId">Its id.</param>
    /// <param name="sessionId">The session that asks; asking again is no new session.</param>
    /// <param name="registration">What it says of itself.</param>
    /// <param name="now">The lease begins.</param>
    /// <param name="lease">Its length.</param>
    public static WorkerSession Accept(
        WorkerSession? known, string workerId, Guid sessionId, WorkerRegistered registration, DateTimeOffset now, TimeSpan lease)
    {
        var isAgain = known?.SessionId == sessionId;
        return new WorkerSession
        {
            WorkerId = workerId,
            SessionId = sessionId,
            State = SessionState.Alive,
            Slots = registration.Slots,
            Capabilities = registration.Capabilities,
            Version = registration.Version,
            RegisteredAt = now,
            LastHeartbeatAt = now,
            LeaseUntil = now + lease,
            PreviousSessionId = isAgain ? known!.PreviousSessionId : known?.SessionId,
            PreviousEndedByOutage = isAgain
                ? known!.PreviousEndedByOutage
                : registration.PreviousSessionFenced && registration.PreviousSessionId == known?.SessionId,
            Draining = known?.Draining ?? false,
            DrainReason = known?.DrainReason ?? "",
            DrainDeadline = known?.DrainDeadline,
        };
    }

    /// <summary>Whether a message of this session still counts.</summary>
    public static bool IsValid(WorkerSession? known, Guid sessionId) => known is { State: SessionState.Alive } && known.SessionId == sessionId;

    /// <summary>The end of an attempt whose session is no longer the worker's valid one.</summary>
    public static WorkerLost LossOf(Guid runId, AttemptOwner owner, WorkerSession? known) => known switch
    {
        null => new WorkerLost(runId, owner, $"worker {owner.WorkerId} is gone"),
        _ when known.SessionId == owner.SessionId => new WorkerLost(runId, owner, known.State is SessionState.Left
            ? $"worker {owner.WorkerId} left"
            : $"worker {owner.WorkerId} was lost: no heartbeat since {known.LastHeartbeatAt:HH:mm:ss} UTC"),
        _ when known.PreviousSessionId == owner.SessionId && known.PreviousEndedByOutage =>
            new WorkerLost(runId, owner, $"worker {owner.WorkerId} stopped it because nobody answered its heartbeats") { ByOutage = true },
        _ => new WorkerLost(runId, owner, $"worker {owner.WorkerId} was restarted"),
    };
}
