using System.Globalization;
using LoadBalancer.Worker;

namespace LoadBalancer.Cli.Embedded;

/// <summary>Unlike workers on one machine. What they do not really have is simulated, and their names say so.</summary>
internal static class DemoFleet
{
    public const int MaxWorkers = 64;

    /// <summary>The first has what the machine has; the unlike ones follow, then more small ones.</summary>
    public static IReadOnlyList<WorkerOptions> Of(int workers, string directory)
    {
        WorkerOptions[] unlike = [Machine(), GpuPair(), SmallMachine(2), SingleGpu(), Browser()];
        var small = Enumerable.Range(3, Math.Max(0, workers - unlike.Length)).Select(SmallMachine);
        return [.. unlike.Concat(small).Take(workers).Select(worker => worker with { WorkDirectory = Path.Combine(directory, worker.Id) })];
    }

    public static int UnlikeWorkers => 5;

    private static WorkerOptions Machine() => new() { Id = "local-1" };

    /// <summary>A part of the machine: fewer slots, less memory.</summary>
    private static WorkerOptions SmallMachine(int number) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"local-{number}"),
        Slots = 2,
        Simulate = new SimulatedHardware { CpuCores = 2, MemoryGb = 1, Class = "small" },
    };

    private static WorkerOptions GpuPair() => new()
    {
        Id = "sim-gpu-1",
        Slots = 4,
        Simulate = new SimulatedHardware
        {
            CpuCores = 8,
            MemoryGb = 64,
            Accelerators = [new SimulatedAccelerators { Type = "cuda", Model = "SIM-24", MemoryGb = 24, Count = 2 }],
        },
    };

    private static WorkerOptions SingleGpu() => new()
    {
        Id = "sim-gpu-2",
        Slots = 2,
        Simulate = new SimulatedHardware
        {
            CpuCores = 4,
            MemoryGb = 16,
            Accelerators = [new SimulatedAccelerators { Type = "cuda", Model = "SIM-8", MemoryGb = 8 }],
        },
    };

    private static WorkerOptions Browser() => new()
    {
        Id = "sim-browser-1",
        Slots = 2,
        Labels = new Dictionary<string, string> { ["display"] = "xvfb" },
        Simulate = new SimulatedHardware
        {
            CpuCores = 4,
            MemoryGb = 8,
            Browsers = [new SimulatedBrowser { Name = "chromium", Version = "130.0.6723.58" }],
        },
    };
}
