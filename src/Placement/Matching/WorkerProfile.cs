namespace LoadBalancer.Placement;

/// <summary>A registered worker: what it is and has when nothing runs on it. GB means 10^9 bytes.</summary>
public sealed record WorkerProfile
{
    public required string WorkerId { get; init; }

    /// <summary>Workers of one class are expected to take equally long for the same test.</summary>
    public string Class { get; init; } = "";

    /// <summary>Runs at once, whatever else is free.</summary>
    public required int Slots { get; init; }

    public double MemoryGb { get; init; }

    /// <summary>Logical cores.</summary>
    public double CpuCores { get; init; }

    public double DiskGb { get; init; }

    public IReadOnlyList<string> Backends { get; init; } = [];

    /// <summary>Devices one by one; of two with the same id the first counts.</summary>
    public IReadOnlyList<Device> Devices { get; init; } = [];

    public IReadOnlyList<string> Browsers { get; init; } = [];

    /// <summary>Name to version.</summary>
    public IReadOnlyDictionary<string, string> Software { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// False while it is draining, unbound or thought lost: it gets no new work, but as long as it is registered nothing that it
    /// could run is impossible.
    /// </summary>
    public bool Accepting { get; init; } = true;
}

/// <summary>One accelerator. <paramref name="Id"/> is unique on its worker.</summary>
public sealed record Device(string Type, string Id, string Model, double MemoryGb);
