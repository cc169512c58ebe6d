namespace LoadBalancer.Placement;

/// <summary>What one attempt holds on one worker: all of it from the decision until the release, or nothing.</summary>
public sealed record Reservation
{
    public required Guid RunId { get; init; }

    public required int Attempt { get; init; }

    public required string WorkerId { get; init; }

    public double MemoryGb { get; init; }

    public double CpuCores { get; init; }

    public double DiskGb { get; init; }

    public IReadOnlyList<DeviceShare> Devices { get; init; } = [];

    public IReadOnlyList<string> Keys { get; init; } = [];
}

/// <summary>A device, or the part of it from 0 to 1 that an attempt may use, with the device memory that goes with that part.</summary>
public sealed record DeviceShare(string Type, string Id, double Share, double MemoryGb);
