namespace LoadBalancer.Placement;

/// <summary>One run that waits to be placed, as far as the choice depends on it.</summary>
public sealed record TestDemand
{
    public required Guid RunId { get; init; }

    /// <summary>The attempt number that this placement would have.</summary>
    public required int Attempt { get; init; }

    public required string TestId { get; init; }

    /// <summary>Chooses the policy.</summary>
    public string TestType { get; init; } = "";

    public string ModelId { get; init; } = "";

    public string ModelFamily { get; init; } = "";

    /// <summary>The revision of the workspace it needs; empty if none. A worker that has it prepared saves the time of preparing it.</summary>
    public string WorkspaceRevision { get; init; } = "";

    public string Submitter { get; init; } = "default";

    /// <summary>1 goes first, 5 last.</summary>
    public int Priority { get; init; } = 3;

    public required DateTimeOffset SubmittedAt { get; init; }

    /// <summary>The submitter's estimate: a prior, overruled by evidence.</summary>
    public TimeSpan? ExpectedDuration { get; init; }

    public Requirements Requirements { get; init; } = new();

    /// <summary>Runs that share a key exclude each other up to the key's limit.</summary>
    public IReadOnlyList<string> ConcurrencyKeys { get; init; } = [];

    /// <summary>Workers on which earlier attempts failed: used only if no other worker that takes work is capable.</summary>
    public IReadOnlyList<string> AvoidWorkers { get; init; } = [];

    /// <summary>Not placed earlier than this.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>It was recalled once to start sooner elsewhere: it is neither moved again nor handed out before a worker has room for it.</summary>
    public bool WasMoved { get; init; }
}
