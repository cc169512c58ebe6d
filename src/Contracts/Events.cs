namespace LoadBalancer.Contracts;

/// <summary>Transitions that were committed together. Topic exchange <c>test-events</c>, routing key <c>{testType}.{state}</c>; at least once.</summary>
public sealed record TestRunsChanged
{
    public required IReadOnlyList<TestRunChange> Changes { get; init; }
}

/// <summary>One transition. <see cref="Sequence"/> rises per run: a reader drops what is not newer than what it has.</summary>
public sealed record TestRunChange
{
    public required Guid RunId { get; init; }

    public required long Sequence { get; init; }

    public required string TestId { get; init; }

    public string Suite { get; init; } = "";

    public string Submitter { get; init; } = "";

    /// <summary>One of <see cref="RunStates"/>.</summary>
    public required string State { get; init; }

    public int Attempt { get; init; }

    public string? WorkerId { get; init; }

    public string? FailureKind { get; init; }

    public string? Error { get; init; }

    public double? DurationSeconds { get; init; }

    public required DateTimeOffset At { get; init; }

    public string Reason { get; init; } = "";
}

/// <summary>The states of a run as they are spelled on the wire, and the two answers to a submission that start no run.</summary>
public static class RunStates
{
    public const string Submitted = "Submitted";
    public const string Assigned = "Assigned";
    public const string Running = "Running";
    public const string Requeued = "Requeued";
    public const string Completed = "Completed";
    public const string Failed = "Failed";
    public const string Cancelled = "Cancelled";
    public const string Refused = "refused";
    public const string Duplicate = "duplicate";

    public static bool IsTerminal(string state) => state is Completed or Failed or Cancelled;
}

/// <summary>Why a run failed, as it is spelled on the wire.</summary>
public static class FailureKinds
{
    public const string TestFailed = "TestFailed";
    public const string TimedOut = "TimedOut";
    public const string Unschedulable = "Unschedulable";
    public const string QueueTimedOut = "QueueTimedOut";
    public const string WorkerLost = "WorkerLost";
    public const string WorkerError = "WorkerError";
}
