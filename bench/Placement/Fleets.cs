using LoadBalancer.Cli.Simulation;
using LoadBalancer.Contracts;

namespace LoadBalancer.PlacementBench;

/// <summary>The fleets of the benches, and the times that go with them.</summary>
internal static class Fleets
{
    private const int UnlikeWorkers = 10;
    private const double FastestBySlowest = 4;

    /// <summary>Ten workers of one slot, each a class of its own, with speeds from 1 to 4 in equal ratios.</summary>
    public static IReadOnlyList<FleetLine> Unlike { get; } =
    [
        .. Enumerable.Range(0, UnlikeWorkers).Select(i => new FleetLine
        {
            WorkerId = $"worker-{i}",
            Class = $"class-{i}",
            Speed = Math.Pow(FastestBySlowest, i / (UnlikeWorkers - 1.0)),
            Capabilities = new WorkerCapabilities { CpuCores = 4, MemoryGb = 16 },
        }),
    ];

    /// <summary>Workers of one slot and of two classes.</summary>
    public static IReadOnlyList<FleetLine> FastAndSlow(int fast, double speed, int slow) =>
        [.. Enumerable.Range(0, fast).Select(i => Plain("fast", i, speed)), .. Enumerable.Range(0, slow).Select(i => Plain("slow", i, speed: 1))];

    /// <summary>8 K80, 6 P100 and 4 V100, each one slot with one device.</summary>
    public static IReadOnlyList<FleetLine> Devices { get; } = [Gpu("k80", 8), Gpu("p100", 6), Gpu("v100", 4)];

    private static FleetLine Plain(string name, int number, double speed) => new()
    {
        WorkerId = $"{name}-{number}",
        Class = name,
        Speed = speed,
        Capabilities = new WorkerCapabilities { CpuCores = 4, MemoryGb = 16 },
    };

    private static FleetLine Gpu(string name, int count) => new()
    {
        WorkerId = name,
        Count = count,
        Class = name,
        Capabilities = new WorkerCapabilities
        {
            CpuCores = 8,
            MemoryGb = 64,
            Backends = ["cuda"],
            Accelerators = [new Accelerator { Type = "cuda", Id = "0", Model = name, MemoryGb = 16 }],
        },
    };
}
