namespace LoadBalancer.Worker;

/// <summary>Section <c>Worker</c>. <see cref="WorkerSettings"/> reads it and refuses what cannot work.</summary>
internal sealed record WorkerOptions
{
    public const string Section = "Worker";

    /// <summary>Names the worker's queues; one live worker each. Default: the host name.</summary>
    public string Id { get; init; } = WorkerId.OfThisHost();

    /// <summary>Tests at once, whatever else is free. Default: the logical processors this process may use.</summary>
    public int Slots { get; init; } = Environment.ProcessorCount;

    /// <summary>What requirements may ask for by name and value; <c>class</c> overrules the class derived from the hardware.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public SimulatedHardware Simulate { get; init; } = new();

    /// <summary>Must be well below the scheduler's lease: each answered heartbeat renews it.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From TERM to KILL; and how long before the end of an unanswered lease everything is stopped.</summary>
    public TimeSpan KillGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Names or paths of the programs that tests may start. Empty: all.</summary>
    public IReadOnlyList<string> AllowedExecutables { get; init; } = [];

    /// <summary>Environment variables that tests may set although they are dropped otherwise (loader hooks, PATH).</summary>
    public IReadOnlyList<string> AllowedEnvironment { get; init; } = [];

    /// <summary>Holds runs, workspaces and unconfirmed results; one worker each. Default: a folder of the user, by worker id.</summary>
    public string WorkDirectory { get; init; } = "";

    /// <summary>Longest preparation of a workspace.</summary>
    public TimeSpan PrepareTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Reports that travel in one message when they are ready together. 1 sends each by itself, at several times the cost.</summary>
    public int MaxReportsInMessage { get; init; } = 200;

    public ShutdownMode OnShutdown { get; init; } = ShutdownMode.Stop;

    /// <summary>How long <see cref="ShutdownMode.Finish"/> waits before it stops what still runs.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromMinutes(10);

    public string WorkDirectoryPath => WorkDirectory.Length > 0 ? Path.GetFullPath(WorkDirectory) : DefaultWorkDirectory();

    private string DefaultWorkDirectory()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return home.Length > 0
            ? Path.Combine(home, "loadbalancer", Id)
            : Path.Combine(Path.GetTempPath(), $"loadbalancer-{Environment.UserName}", Id);
    }
}

/// <summary>What happens to running tests when the worker is asked to end.</summary>
internal enum ShutdownMode
{
    /// <summary>They are stopped and reported as stopped; the scheduler runs them elsewhere.</summary>
    Stop,

    /// <summary>They run to their end within <see cref="WorkerOptions.ShutdownTimeout"/>.</summary>
    Finish,
}

/// <summary>What a worker pretends to have, for demonstrations and tests of unlike fleets. Simulated devices say so wherever shown.</summary>
internal sealed record SimulatedHardware
{
    public IReadOnlyList<SimulatedAccelerators> Accelerators { get; init; } = [];

    public IReadOnlyList<string> Backends { get; init; } = [];

    public IReadOnlyList<SimulatedBrowser> Browsers { get; init; } = [];

    /// <summary>Name to version, added to what is installed.</summary>
    public IReadOnlyDictionary<string, string> Software { get; init; } = new Dictionary<string, string>();

    public double? MemoryGb { get; init; }

    public int? CpuCores { get; init; }

    public string? Class { get; init; }
}

/// <summary>One or more equal devices.</summary>
internal sealed record SimulatedAccelerators
{
    public string Type { get; init; } = "";

    public string Model { get; init; } = "simulated";

    public double MemoryGb { get; init; } = 16;

    public int Count { get; init; } = 1;
}

internal sealed record SimulatedBrowser
{
    public string Name { get; init; } = "";

    public string Version { get; init; } = "";

    public IReadOnlyList<string> Features { get; init; } = [];
}

/// <summary>Section <c>Broker</c>.</summary>
internal sealed record BrokerOptions
{
    public const string Section = "Broker";

    public string Url { get; init; } = "";
}
