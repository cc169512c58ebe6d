using System.Text.Json.Serialization;

namespace LoadBalancer.Contracts;

/// <summary>One attempt of one run, handed to one session of one worker. Exchange <c>assignments</c>, routing key = worker id.</summary>
public sealed record RunTest
{
    public required Guid RunId { get; init; }

    /// <summary>Counts hand-outs of the run, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>The worker's session that the attempt belongs to; another session drops it.</summary>
    public required Guid SessionId { get; init; }

    public required string TestId { get; init; }

    public string TestType { get; init; } = "";

    public TestCommand? Command { get; init; }

    public TestWorkspace? Workspace { get; init; }

    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    public double TimeoutSeconds { get; init; }

    public IReadOnlyList<AssignedDevice> Devices { get; init; } = [];

    public double MemoryGb { get; init; }

    public double CpuCores { get; init; }

    /// <summary>The attempt on the same worker whose reservation this one inherits, or null to start at once.</summary>
    public RunAttempt? StartsAfter { get; init; }
}

/// <summary>A device reserved for an attempt, whole or in part.</summary>
public sealed record AssignedDevice(string Type, string Id, double Share, double MemoryGb);

/// <summary>An attempt of a run.</summary>
public sealed record RunAttempt(Guid RunId, int Attempt);

/// <summary>
/// What the scheduler tells a worker, on <c>worker-{id}-control</c>; answers to a registration go to the session's reply queue.
/// <c>type</c> says which; a type that the reader does not know arrives as this base record and is ignored.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", IgnoreUnrecognizedTypeDiscriminators = true)]
[JsonDerivedType(typeof(WorkerAccepted), "workerAccepted")]
[JsonDerivedType(typeof(WorkerRefused), "workerRefused")]
[JsonDerivedType(typeof(HeartbeatAnswered), "heartbeatAnswered")]
[JsonDerivedType(typeof(StopTest), "stopTest")]
[JsonDerivedType(typeof(RecallTest), "recallTest")]
[JsonDerivedType(typeof(DrainWorker), "drainWorker")]
[JsonDerivedType(typeof(ResumeWorker), "resumeWorker")]
public record WorkerCommand
{
    /// <summary>The session meant; a worker ignores commands for another one.</summary>
    public Guid SessionId { get; init; }
}

/// <summary>The session is valid: the worker may consume its queue.</summary>
public sealed record WorkerAccepted : WorkerCommand
{
    /// <summary>Rises with every change of the leading scheduler; a worker ignores lower ones.</summary>
    public required long Epoch { get; init; }

    public required double LeaseSeconds { get; init; }
}

/// <summary>The session is not valid: <see cref="Reason"/> says why and what to do.</summary>
public sealed record WorkerRefused : WorkerCommand
{
    public required string Reason { get; init; }

    /// <summary>The session has ended and is never accepted again: the worker begins a new one. Else it may ask again.</summary>
    public bool SessionEnded { get; init; }
}

/// <summary>The lease was renewed, durably.</summary>
public sealed record HeartbeatAnswered : WorkerCommand
{
    public required long Sequence { get; init; }

    public required long Epoch { get; init; }

    public required double LeaseSeconds { get; init; }

    /// <summary>Results that are stored: the worker may forget them.</summary>
    public IReadOnlyList<RunAttempt> StoredResults { get; init; } = [];

    /// <summary>Attempts the worker named that are not its own any more: it stops them.</summary>
    public IReadOnlyList<RunAttempt> Stop { get; init; } = [];
}

/// <summary>Stops a running attempt; the worker reports it finished as stopped.</summary>
public sealed record StopTest : WorkerCommand
{
    public required Guid RunId { get; init; }

    public required int Attempt { get; init; }

    public string Reason { get; init; } = "";
}

/// <summary>Asks for an attempt back that may not have started; the worker answers with <see cref="TestRecalled"/>.</summary>
public sealed record RecallTest : WorkerCommand
{
    public required Guid RunId { get; init; }

    public required int Attempt { get; init; }
}

/// <summary>Take nothing new.</summary>
public sealed record DrainWorker : WorkerCommand
{
    public string Reason { get; init; } = "";
}

/// <summary>Take work again.</summary>
public sealed record ResumeWorker : WorkerCommand;
