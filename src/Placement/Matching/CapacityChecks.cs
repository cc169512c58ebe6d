using static LoadBalancer.Placement.CapabilityChecks;
using static LoadBalancer.Placement.Wording;

namespace LoadBalancer.Placement;

/// <summary>What a capable worker must have free. Who fails here could run it later.</summary>
internal static class CapacityChecks
{
    public static Check[] All { get; } =
    [
        new(RefusalCode.NotAccepting,
            _ => true,
            (_, worker) => worker.Profile.Accepting ? 0 : 1,
            _ => "that get no new work",
            (_, _) => "gets no new work at present"),
        new(RefusalCode.SlotsBusy,
            _ => true,
            (_, worker) => worker.Free.Slots > 0 ? 0 : 1,
            _ => "without a free slot",
            (_, worker) => $"has {worker.Used.Slots} of {worker.Profile.Slots} {Plural("slot", worker.Profile.Slots)} in use"),
        new(RefusalCode.MemoryBusy,
            _ => true,
            (needs, worker) => MissingAmount(needs.Requirements.MemoryGb, worker.Free.MemoryGb),
            needs => $"with less than {Gb(needs.Requirements.MemoryGb)} of memory free",
            (needs, worker) => $"has {Gb(worker.Free.MemoryGb)} of memory free, needs {Gb(needs.Requirements.MemoryGb)}"),
        new(RefusalCode.CpuCoresBusy,
            _ => true,
            (needs, worker) => MissingAmount(needs.Requirements.CpuCores, worker.Free.CpuCores),
            needs => $"with less than {Cores(needs.Requirements.CpuCores)} free",
            (needs, worker) => $"has {Cores(worker.Free.CpuCores)} free, needs {Number(needs.Requirements.CpuCores)}"),
        new(RefusalCode.DiskBusy,
            needs => needs.Requirements.DiskGb > 0,
            (needs, worker) => MissingAmount(needs.Requirements.DiskGb, worker.Free.DiskGb),
            needs => $"with less than {Gb(needs.Requirements.DiskGb)} of disk free",
            (needs, worker) => $"has {Gb(worker.Free.DiskGb)} of disk free, needs {Gb(needs.Requirements.DiskGb)}"),
        new(RefusalCode.AcceleratorsBusy,
            needs => needs.Accelerators.Count > 0,
            (needs, worker) => DevicePick.IsPossible(needs, worker) ? 0 : 1,
            _ => "without the devices free",
            (needs, _) => $"has too few {Listed("device", needs.Accelerators.Select(need => need.Type))} free"),
    ];
}
