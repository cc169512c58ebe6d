namespace LoadBalancer.Chaos.Judging;

/// <summary>How a test ends when nothing but its own program decides.</summary>
internal enum Ending
{
    Passes,
    Fails,
    TimesOut,
}

/// <summary>What was asked for: enough to tell whether it was done rightly.</summary>
internal sealed record AskedTest(Guid RunId, Ending Ending = Ending.Passes)
{
    /// <summary>When the broker confirmed the submission; null when it never did.</summary>
    public double? ConfirmedAt { get; init; }

    /// <summary>Each with the limit 1.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>Device type to amount; below 1 a share of one device.</summary>
    public IReadOnlyDictionary<string, double> Devices { get; init; } = new Dictionary<string, double>();

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Any worker could take it at any time.</summary>
    public bool IsPlain => Keys.Count == 0 && Devices.Count == 0 && Labels.Count == 0;
}

/// <summary>What a worker was started with.</summary>
internal sealed record WorkerShape(string Id, int Slots)
{
    /// <summary>Device type to number of devices.</summary>
    public IReadOnlyDictionary<string, int> Devices { get; init; } = new Dictionary<string, int>();

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}

/// <summary>One transition as it was announced.</summary>
internal sealed record Change(Guid RunId, long Sequence, string State, int Attempt, string? WorkerId, string? FailureKind, string Reason);

/// <summary>A server was away from <paramref name="Began"/> until it answered again.</summary>
internal sealed record Outage(string Server, double Began, double AnsweredAgain);

/// <summary>A scheduler said that it leads and is ready, for the first and for the last time.</summary>
internal sealed record Leadership(string Scheduler, double ReadyAt, double LastSeen);

/// <summary>Everything that the judge sees. Nothing of it comes from the database.</summary>
internal sealed record Evidence
{
    public required IReadOnlyList<WorkerShape> Workers { get; init; }

    public required IReadOnlyList<AskedTest> Tests { get; init; }

    public required Journal Journal { get; init; }

    public required IReadOnlyList<Change> Changes { get; init; }

    public IReadOnlyList<Outage> Outages { get; init; } = [];

    /// <summary>The schedulers among the servers.</summary>
    public IReadOnlyList<string> Schedulers { get; init; } = [];

    /// <summary>Who was seen to lead, in that order.</summary>
    public IReadOnlyList<Leadership> Leaderships { get; init; } = [];

    /// <summary>A frozen worker cannot end what exceeds its time limit, which may then come to its own end.</summary>
    public IReadOnlyList<Outage> FrozenWorkers { get; init; } = [];

    /// <summary>When watching ended.</summary>
    public double WatchedUntil { get; init; }
}
