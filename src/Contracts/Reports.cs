using System.Text.Json.Serialization;

namespace LoadBalancer.Contracts;

/// <summary>What happened at a worker, in order; everything that was ready travels together. Queue <c>worker-events</c>.</summary>
public sealed record WorkerReport
{
    public required string WorkerId { get; init; }

    public required Guid SessionId { get; init; }

    public required IReadOnlyList<Report> Reports { get; init; }
}

/// <summary>One entry of a report. A type that the reader does not know arrives as this base record and is ignored.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", IgnoreUnrecognizedTypeDiscriminators = true)]
[JsonDerivedType(typeof(WorkerRegistered), "workerRegistered")]
[JsonDerivedType(typeof(TestStarted), "testStarted")]
[JsonDerivedType(typeof(TestFinished), "testFinished")]
[JsonDerivedType(typeof(TestProgress), "testProgress")]
[JsonDerivedType(typeof(TestRecalled), "testRecalled")]
[JsonDerivedType(typeof(WorkerLeft), "workerLeft")]
public record Report;

/// <summary>A new session asks to be accepted.</summary>
public sealed record WorkerRegistered : Report
{
    public required WorkerCapabilities Capabilities { get; init; }

    /// <summary>Runs at once, whatever else is free.</summary>
    public required int Slots { get; init; }

    /// <summary>The session that this worker's work directory names as the last one: naming it lets the new one take over at once.</summary>
    public Guid? PreviousSessionId { get; init; }

    /// <summary>
    /// Sessions for which this work directory has asked since, without seeing an answer: the process may have died in between, and
    /// naming the one that was accepted after all takes it over, too.
    /// </summary>
    public IReadOnlyList<Guid> AskedSessionIds { get; init; } = [];

    /// <summary>
    /// The previous session ended by itself because no heartbeat was answered in time; what it ran then was stopped by it.
    /// </summary>
    public bool PreviousSessionFenced { get; init; }

    public string Version { get; init; } = "";

    /// <summary>The queue for the answer.</summary>
    public required string ReplyTo { get; init; }
}

public sealed record TestStarted : Report
{
    public required Guid RunId { get; init; }

    public required int Attempt { get; init; }
}

public sealed record TestFinished : Report
{
    public required Guid RunId { get; init; }

    public required int Attempt { get; init; }

    public required TestOutcome Outcome { get; init; }

    public int? ExitCode { get; init; }

    public double DurationSeconds { get; init; }

    public double PrepareSeconds { get; init; }

    public double CpuSeconds { get; init; }

    public double PeakMemoryGb { get; init; }

    /// <summary>The first part of the output, bounded.</summary>
    public string OutputHead { get; init; } = "";

    /// <summary>The last part of the output, bounded; empty when the head holds it all.</summary>
    public string OutputTail { get; init; } = "";

    public IReadOnlyList<string> Artifacts { get; init; } = [];

    public string? Error { get; init; }
}

public sealed record TestProgress : Report
{
    public required Guid RunId { get; init; }

    public required int Attempt { get; init; }

    /// <summary>0 to 1.</summary>
    public double? Fraction { get; init; }

    public string? Text { get; init; }
}

/// <summary>The answer to <see cref="RecallTest"/>: when <see cref="Started"/> is false it will never start here.</summary>
public sealed record TestRecalled : Report
{
    public required Guid RunId { get; init; }

    public required int Attempt { get; init; }

    public required bool Started { get; init; }
}

/// <summary>The session ends by its own will; nothing of it runs any more.</summary>
public sealed record WorkerLeft : Report
{
    public string Reason { get; init; } = "";
}

[JsonConverter(typeof(JsonStringEnumConverter<TestOutcome>))]
public enum TestOutcome
{
    [JsonStringEnumMemberName("passed")] Passed,
    [JsonStringEnumMemberName("failed")] Failed,
    [JsonStringEnumMemberName("skipped")] Skipped,
    [JsonStringEnumMemberName("timedOut")] TimedOut,
    [JsonStringEnumMemberName("stopped")] Stopped,
    [JsonStringEnumMemberName("outOfMemory")] OutOfMemory,
    [JsonStringEnumMemberName("workerError")] WorkerError,
}

/// <summary>Says that a session lives and what it holds. Queue <c>worker-heartbeats</c>.</summary>
public sealed record WorkerHeartbeat
{
    public required string WorkerId { get; init; }

    public required Guid SessionId { get; init; }

    public required long Sequence { get; init; }

    /// <summary>The highest sequence whose answer had arrived when this heartbeat was made; 0 when none had.</summary>
    public long Answered { get; init; }

    /// <summary>The epoch of that answer.</summary>
    public long AnsweredEpoch { get; init; }

    /// <summary>The session is about to end and gives back whatever it is handed.</summary>
    public bool Leaving { get; init; }

    public WorkerLoad Load { get; init; } = new();

    /// <summary>Taken and not started.</summary>
    public IReadOnlyList<RunAttempt> Held { get; init; } = [];

    public IReadOnlyList<RunAttempt> Running { get; init; } = [];

    /// <summary>Finished, and not yet named as stored.</summary>
    public IReadOnlyList<RunAttempt> Unconfirmed { get; init; } = [];
}

/// <summary>Measured load, 0 to 1. A hint for people; it never changes a reservation.</summary>
public sealed record WorkerLoad
{
    public double Cpu { get; init; }

    public double Memory { get; init; }

    public double Io { get; init; }

    public double Network { get; init; }

    public IReadOnlyDictionary<string, DeviceLoad> Devices { get; init; } = new Dictionary<string, DeviceLoad>();
}

public sealed record DeviceLoad(double Use, double Memory);

/// <summary>What a worker is. GB means 10^9 bytes; unknown is null or absent, never a guess.</summary>
public sealed record WorkerCapabilities
{
    public string Hostname { get; init; } = "";

    public string Os { get; init; } = "";

    public string Architecture { get; init; } = "";

    public string CpuModel { get; init; } = "";

    /// <summary>Physical cores.</summary>
    public int CpuCores { get; init; }

    /// <summary>Logical processors.</summary>
    public int CpuThreads { get; init; }

    public double MemoryGb { get; init; }

    public double DiskGb { get; init; }

    public IReadOnlyList<string> Backends { get; init; } = [];

    public IReadOnlyList<Accelerator> Accelerators { get; init; } = [];

    public IReadOnlyList<Browser> Browsers { get; init; } = [];

    /// <summary>Name to version.</summary>
    public IReadOnlyDictionary<string, string> Software { get; init; } = new Dictionary<string, string>();

    public double? NetworkMbps { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Workers of one class are expected to run a test equally fast. Derived from the hardware unless set by label.</summary>
    public string Class { get; init; } = "";
}

/// <summary>A device; <see cref="Id"/> is unique on its worker. A simulated one says so wherever it is shown.</summary>
public sealed record Accelerator
{
    public required string Type { get; init; }

    public required string Id { get; init; }

    public string Model { get; init; } = "";

    public double MemoryGb { get; init; }

    public string Driver { get; init; } = "";

    public bool Simulated { get; init; }
}

public sealed record Browser
{
    public required string Name { get; init; }

    public string Version { get; init; } = "";

    public IReadOnlyList<string> Features { get; init; } = [];
}
