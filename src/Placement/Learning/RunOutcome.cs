namespace LoadBalancer.Placement;

/// <summary>How an attempt ended, as far as learning depends on it.</summary>
public sealed record RunOutcome
{
    public required string TestId { get; init; }

    public string TestType { get; init; } = "";

    public string ModelId { get; init; } = "";

    public string ModelFamily { get; init; } = "";

    public string WorkerClass { get; init; } = "";

    /// <summary>Where it ran; empty if that is not known, and then it teaches nothing of single workers.</summary>
    public string WorkerId { get; init; } = "";

    /// <summary>The revision of the workspace it ran in; empty if it needed none.</summary>
    public string WorkspaceRevision { get; init; } = "";

    /// <summary>How long it took to have that workspace prepared, little if it was; zero if it did not get so far. No part of <see cref="Duration"/>.</summary>
    public TimeSpan PrepareTime { get; init; }

    /// <summary>Execution time of the attempt, without waiting.</summary>
    public required TimeSpan Duration { get; init; }

    public required RunVerdict Verdict { get; init; }

    /// <summary>What its submitter expected, if he said.</summary>
    public TimeSpan? ExpectedDuration { get; init; }
}

public enum RunVerdict
{
    Passed,
    Failed,

    /// <summary>Killed at its timeout: it would have taken longer.</summary>
    TimedOut,
    Cancelled,

    /// <summary>Its worker was lost or failed; says nothing about the test.</summary>
    Lost,
}
