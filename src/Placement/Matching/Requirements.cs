namespace LoadBalancer.Placement;

/// <summary>
/// What a worker must have for a run to be placed there; all of it is hard but <see cref="PreferredBackend"/>. GB means 10^9 bytes.
/// Names of backends, device types, models, browsers and software are compared without regard to case; labels exactly.
/// </summary>
public sealed record Requirements
{
    public double MemoryGb { get; init; } = 0.5;

    /// <summary>Logical cores; fractions are allowed.</summary>
    public double CpuCores { get; init; } = 1;

    public double DiskGb { get; init; }

    public string? RequiredBackend { get; init; }

    public string? PreferredBackend { get; init; }

    /// <summary>Device type to amount: below 1 a share of one device, else that many whole devices (a fraction is rounded up).</summary>
    public IReadOnlyDictionary<string, double> Accelerators { get; init; } = new Dictionary<string, double>();

    /// <summary>Memory per device; of a shared device, share times memory must reach it.</summary>
    public double AcceleratorMemoryGb { get; init; }

    /// <summary>Any of these models; empty means any.</summary>
    public IReadOnlyList<string> AcceleratorModels { get; init; } = [];

    /// <summary>Name to version range in the notation of <see cref="VersionRange"/>.</summary>
    public IReadOnlyDictionary<string, string> Software { get; init; } = new Dictionary<string, string>();

    /// <summary>All of these.</summary>
    public IReadOnlyList<string> Browsers { get; init; } = [];

    /// <summary>All of these, with exactly these values.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}
