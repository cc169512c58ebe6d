namespace LoadBalancer.Contracts;

/// <summary>The answer to one submitted test, given after the commit.</summary>
public sealed record SubmitAnswer
{
    public required Guid RunId { get; init; }

    public required string TestId { get; init; }

    /// <summary><c>accepted</c>, <c>duplicate</c> or <c>refused</c>, also where it could not be stored.</summary>
    public required string Status { get; init; }

    public string Reason { get; init; } = "";

    /// <summary>Registered workers that could run it; null when the answer was given without looking.</summary>
    public int? FeasibleWorkers { get; init; }

    /// <summary>
    /// Seconds until it is expected to have finished: as likely as not it has by then. Null if it can never run as things are, or when the
    /// answer was given without looking, as for the later tests of a very large batch.
    /// </summary>
    public double? EtaP50Seconds { get; init; }

    /// <summary>Nine of ten such runs have finished by then.</summary>
    public double? EtaP90Seconds { get; init; }
}

/// <summary>The answers to a batch, in the order of its tests.</summary>
public sealed record SubmitAnswers(IReadOnlyList<SubmitAnswer> Runs);

/// <summary>One run as <c>GET /api/runs</c> lists it.</summary>
public record RunSummary
{
    public required Guid RunId { get; init; }

    public required string TestId { get; init; }

    public string Suite { get; init; } = "";

    public string Submitter { get; init; } = "";

    public string TestType { get; init; } = "";

    /// <summary>As it stands now, after requeues lowered it.</summary>
    public int Priority { get; init; }

    public required string State { get; init; }

    public int Attempt { get; init; }

    public string? WorkerId { get; init; }

    public string? FailureKind { get; init; }

    public string? Error { get; init; }

    /// <summary>Why it is in this state.</summary>
    public string Reason { get; init; } = "";

    public required DateTimeOffset SubmittedAt { get; init; }

    /// <summary>Start of the latest attempt.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>From submission to the start of the latest attempt, or until now or its end if it never started.</summary>
    public double WaitSeconds { get; init; }

    /// <summary>Of the latest attempt, until now if it runs.</summary>
    public double? RunSeconds { get; init; }

    /// <summary>Rises with every change of the run.</summary>
    public long Sequence { get; init; }
}

/// <summary>One run with everything that happened to it.</summary>
public sealed record RunDetail : RunSummary
{
    public required SubmitTest Submission { get; init; }

    public IReadOnlyList<AttemptView> Attempts { get; init; } = [];

    public IReadOnlyList<TestRunChange> Timeline { get; init; } = [];
}

public sealed record AttemptView
{
    public required int Attempt { get; init; }

    public required string WorkerId { get; init; }

    public DateTimeOffset AssignedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>As the worker reported it; null while it is open or when the worker was lost.</summary>
    public TestOutcome? Outcome { get; init; }

    public int? ExitCode { get; init; }

    public double? DurationSeconds { get; init; }

    public string? Error { get; init; }

    public IReadOnlyList<AssignedDevice> Devices { get; init; } = [];

    public string Reason { get; init; } = "";
}

public sealed record RunPage
{
    public required IReadOnlyList<RunSummary> Runs { get; init; }

    /// <summary>Pass as <c>after</c> to get the next page; null on the last.</summary>
    public string? Next { get; init; }
}

public sealed record SuiteView
{
    public required string Suite { get; init; }

    public required int Total { get; init; }

    /// <summary>State to number of runs.</summary>
    public required IReadOnlyDictionary<string, int> States { get; init; }

    public required bool Ended { get; init; }
}

/// <summary>The output that the worker kept of one attempt: its beginning and its end.</summary>
public sealed record RunOutput
{
    public required int Attempt { get; init; }

    public string Head { get; init; } = "";

    public string Tail { get; init; } = "";
}

/// <summary>Why a run is where it is.</summary>
public sealed record RunExplanation
{
    public required Guid RunId { get; init; }

    public required string State { get; init; }

    /// <summary>One sentence: will run, waiting; can never run as things are; ran there because.</summary>
    public required string Verdict { get; init; }

    /// <summary>For a waiting run: how many workers pass each test, in order; the first entry is all known workers.</summary>
    public IReadOnlyList<FunnelStep> Funnel { get; init; } = [];

    /// <summary>For a waiting run: what is in the way, of the worker that comes nearest.</summary>
    public string? Blocker { get; init; }

    /// <summary>For a waiting run: the least change that would start it now; null if no single one or pair is sure to.</summary>
    public string? Relaxation { get; init; }

    /// <summary>Required names that are on no worker and most likely misspelt, one sentence each.</summary>
    public IReadOnlyList<string> Hints { get; init; } = [];

    /// <summary>For a waiting run: seconds until it is expected to have finished; null if it can never run as things are.</summary>
    public double? EtaP50Seconds { get; init; }

    /// <summary>Nine of ten such runs have finished by then.</summary>
    public double? EtaP90Seconds { get; init; }

    /// <summary>The stored decisions, one per attempt, oldest first.</summary>
    public IReadOnlyList<DecisionView> Decisions { get; init; } = [];
}

public sealed record FunnelStep(string Name, int Workers);

/// <summary>A stored decision.</summary>
public sealed record DecisionView
{
    public required int Attempt { get; init; }

    public required string WorkerId { get; init; }

    public required string Policy { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset DecidedAt { get; init; }

    /// <summary>How long the run was expected to take there: as likely as not it has ended by then.</summary>
    public double? PredictedP50Seconds { get; init; }

    /// <summary>Nine of ten such runs have ended by then.</summary>
    public double? PredictedP90Seconds { get; init; }

    public IReadOnlyList<AssignedDevice> Devices { get; init; } = [];

    /// <summary>Part of the score to seconds; lower is better.</summary>
    public IReadOnlyDictionary<string, double> Score { get; init; } = new Dictionary<string, double>();

    public IReadOnlyList<AlternativeView> Alternatives { get; init; } = [];

    /// <summary>Reason to number of workers refused for it.</summary>
    public IReadOnlyDictionary<string, int> Refusals { get; init; } = new Dictionary<string, int>();
}

public sealed record AlternativeView(string WorkerId, double ScoreSeconds, string Reason)
{
    /// <inheritdoc cref="DecisionView.Score"/>
    public IReadOnlyDictionary<string, double> Score { get; init; } = new Dictionary<string, double>();
}

/// <summary>Attempts that were asked back; each is placed again when its worker has confirmed that it did not start.</summary>
public sealed record RebalanceAnswer(IReadOnlyList<MoveView> Recalled);

/// <summary>An attempt that is asked back, since it would finish <paramref name="GainSeconds"/> sooner on <paramref name="To"/>.</summary>
public sealed record MoveView(Guid RunId, int Attempt, string From, string To, double GainSeconds, string Reason);

public sealed record WorkerView
{
    public required string WorkerId { get; init; }

    /// <summary><c>alive</c>, <c>draining</c>, <c>unbound</c>, <c>possiblyLost</c>, <c>lost</c> or <c>left</c>.</summary>
    public required string Status { get; init; }

    public required WorkerCapabilities Capabilities { get; init; }

    public required int Slots { get; init; }

    public int BusySlots { get; init; }

    public double ReservedMemoryGb { get; init; }

    public double ReservedCpuCores { get; init; }

    public IReadOnlyList<AssignedDevice> ReservedDevices { get; init; } = [];

    public IReadOnlyList<RunAttempt> Runs { get; init; } = [];

    public WorkerLoad Load { get; init; } = new();

    /// <summary>Why it runs empty; null when it does not.</summary>
    public string? DrainReason { get; init; }

    /// <summary>What still runs then is stopped and requeued.</summary>
    public DateTimeOffset? DrainDeadline { get; init; }

    public string Version { get; init; } = "";

    public DateTimeOffset RegisteredAt { get; init; }

    public DateTimeOffset LastHeartbeatAt { get; init; }
}

public sealed record WorkerList(IReadOnlyList<WorkerView> Workers);
