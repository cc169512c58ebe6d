using LoadBalancer.Contracts;

namespace LoadBalancer.Scheduler.History;

/// <summary>A stored decision: who got the attempt and why. Written once.</summary>
internal sealed class DecisionRow
{
    public Guid RunId { get; set; }

    public int Attempt { get; set; }

    public string WorkerId { get; set; } = "";

    public Guid SessionId { get; set; }

    public string WorkerClass { get; set; } = "";

    public string Policy { get; set; } = "";

    public string Reason { get; set; } = "";

    public DateTimeOffset DecidedAt { get; set; }

    /// <summary>As likely as not the run has ended by then.</summary>
    public double? PredictedSeconds { get; set; }

    /// <summary>Nine of ten such runs have ended by then.</summary>
    public double? PredictedP90Seconds { get; set; }

    public List<AssignedDevice> Devices { get; set; } = [];

    public Dictionary<string, double> Score { get; set; } = [];

    public List<AlternativeView> Alternatives { get; set; } = [];

    public Dictionary<string, int> Refusals { get; set; } = [];
}

/// <summary>What a live attempt holds on its worker. Deleted with the end of the attempt, by its owner alone.</summary>
internal sealed class ReservationRow
{
    public Guid RunId { get; set; }

    public int Attempt { get; set; }

    public string WorkerId { get; set; } = "";

    public double MemoryGb { get; set; }

    public double CpuCores { get; set; }

    public double DiskGb { get; set; }

    public List<AssignedDevice> Devices { get; set; } = [];

    public List<string> Keys { get; set; } = [];

    /// <summary>The attempt whose place it takes when that has ended, as <see cref="AfterAttempt"/> of this run; until then it holds nothing.</summary>
    public Guid? AfterRunId { get; set; }

    public int? AfterAttempt { get; set; }
}

/// <summary>
/// What a worker reported about the end of an attempt, or that it was lost. Written once; history is folded from these rows by id.
/// </summary>
internal sealed class OutcomeRow
{
    public long Id { get; set; }

    public Guid RunId { get; set; }

    public int Attempt { get; set; }

    public string WorkerId { get; set; } = "";

    public Guid SessionId { get; set; }

    public string WorkerClass { get; set; } = "";

    public string TestId { get; set; } = "";

    public string TestType { get; set; } = "";

    public string ModelId { get; set; } = "";

    public string ModelFamily { get; set; } = "";

    /// <summary>What its submitter expected, if he said: the model learns how far such expectations can be trusted.</summary>
    public double? ExpectedSeconds { get; set; }

    /// <summary>Null if it needed no workspace.</summary>
    public string? WorkspaceRevision { get; set; }

    /// <summary>False: late or foreign, kept as evidence. It changed nothing and teaches nothing.</summary>
    public bool Accepted { get; set; }

    /// <summary>Null when the worker was lost.</summary>
    public TestOutcome? Outcome { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset EndedAt { get; set; }

    public int? ExitCode { get; set; }

    public double DurationSeconds { get; set; }

    public double PrepareSeconds { get; set; }

    public double CpuSeconds { get; set; }

    public double PeakMemoryGb { get; set; }

    public string OutputHead { get; set; } = "";

    public string OutputTail { get; set; } = "";

    public string? Error { get; set; }
}

/// <summary>One announced change of a run, or an answer that started none (<c>refused</c>, <c>duplicate</c>). The run's timeline and the event stream.</summary>
internal sealed class ChangeRow
{
    public long Id { get; set; }

    public Guid RunId { get; set; }

    public long Sequence { get; set; }

    public string TestId { get; set; } = "";

    public string TestType { get; set; } = "";

    public string Suite { get; set; } = "";

    public string Submitter { get; set; } = "";

    public string State { get; set; } = "";

    public int Attempt { get; set; }

    public string? WorkerId { get; set; }

    public string? FailureKind { get; set; }

    public string? Error { get; set; }

    public double? DurationSeconds { get; set; }

    public DateTimeOffset At { get; set; }

    public string Reason { get; set; } = "";

    public TestRunChange ToChange() => new()
    {
        RunId = RunId,
        Sequence = Sequence,
        TestId = TestId,
        Suite = Suite,
        Submitter = Submitter,
        State = State,
        Attempt = Attempt,
        WorkerId = WorkerId,
        FailureKind = FailureKind,
        Error = Error,
        DurationSeconds = DurationSeconds,
        At = At,
        Reason = Reason,
    };
}
