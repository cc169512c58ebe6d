namespace LoadBalancer.Contracts;

/// <summary>Asks for one test to be run once. Sent to exchange <c>submit-test</c> or posted to the API; the same <see cref="RunId"/> twice is one run.</summary>
public sealed record SubmitTest
{
    /// <summary>Identity of this submission. Without one it is derived from the message id, else new: give one to make a repeat harmless.</summary>
    public Guid? RunId { get; init; }

    /// <summary>Stable identity of the test, 1-256 characters; history is keyed by it.</summary>
    public required string TestId { get; init; }

    /// <summary>Groups runs for watching and reports, 0-128 characters.</summary>
    public string Suite { get; init; } = "";

    /// <summary>Fair-share account. Without one, the authenticated principal, else <c>default</c>.</summary>
    public string? Submitter { get; init; }

    /// <summary>Chooses policy and executor; <c>[a-z0-9_-]{0,64}</c>.</summary>
    public string TestType { get; init; } = "";

    public string ModelId { get; init; } = "";

    public string ModelFamily { get; init; } = "";

    /// <summary>1 (first) to 5 (last).</summary>
    public int Priority { get; init; } = 3;

    /// <summary>The submitter's estimate in seconds: a prior, overruled by evidence.</summary>
    public double? ExpectedDurationSeconds { get; init; }

    /// <summary>Longest execution of one attempt, in seconds.</summary>
    public double TimeoutSeconds { get; init; } = 3600;

    /// <summary>Longest wait for the first start, in seconds; null waits without limit.</summary>
    public double? QueueTimeoutSeconds { get; init; }

    /// <summary>Further attempts after a test failure or timeout, 0-10.</summary>
    public int Retries { get; init; }

    /// <summary>False: a lost worker fails the run instead of repeating it.</summary>
    public bool RequeueOnWorkerLoss { get; init; } = true;

    /// <summary>Runs that share a key exclude each other up to the key's limit.</summary>
    public IReadOnlyList<string> ConcurrencyKeys { get; init; } = [];

    /// <summary>A single key, accepted beside <see cref="ConcurrencyKeys"/>.</summary>
    public string? ConcurrencyKey { get; init; }

    public TestRequirements Requirements { get; init; } = new();

    public TestCommand? Command { get; init; }

    public TestWorkspace? Workspace { get; init; }

    /// <summary>For executors that are not processes.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();
}

/// <summary>At most 1,000 submissions in one body of at most 1 MiB.</summary>
public sealed record SubmitTests
{
    public required IReadOnlyList<SubmitTest> Tests { get; init; }
}

/// <summary>What a worker must have for a run to be placed there. GB means 10^9 bytes.</summary>
public sealed record TestRequirements
{
    public double MinimumMemoryGb { get; init; } = 0.5;

    public double CpuCores { get; init; } = 1;

    public double DiskGb { get; init; }

    public string? RequiredBackend { get; init; }

    public string? PreferredBackend { get; init; }

    /// <summary>Device type to amount: below 1 a share of one device, else a whole number of devices.</summary>
    public IReadOnlyDictionary<string, double> RequiredAccelerators { get; init; } = new Dictionary<string, double>();

    /// <summary>Memory per device; of a shared device, share times memory must reach it.</summary>
    public double AcceleratorMemoryGb { get; init; }

    /// <summary>Any of these models; empty means any.</summary>
    public IReadOnlyList<string> AcceleratorModels { get; init; } = [];

    /// <summary>Name to version range, in npm or NuGet notation.</summary>
    public IReadOnlyDictionary<string, string> RequiredSoftware { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Browsers { get; init; } = [];

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}

/// <summary>A process to start: an argument vector, never a shell string.</summary>
public sealed record TestCommand
{
    public required string Executable { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Relative to the run's directory on the worker.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Exit codes that mean the test was skipped.</summary>
    public IReadOnlyList<int> SkippedExitCodes { get; init; } = [];
}

/// <summary>Code that the test needs: prepared once per worker and revision, in a directory kept for it.</summary>
public sealed record TestWorkspace
{
    public required string Revision { get; init; }

    public TestCommand? Prepare { get; init; }

    /// <summary>Globs of files to keep after the run.</summary>
    public IReadOnlyList<string> Artifacts { get; init; } = [];

    public double MaxArtifactMb { get; init; } = 10;
}

/// <summary>Cancels one run, or the runs of a suite known at that moment. Sent to exchange <c>cancel-test</c>.</summary>
public sealed record CancelTest
{
    public Guid? RunId { get; init; }

    public string? Suite { get; init; }

    public string Reason { get; init; } = "";
}
