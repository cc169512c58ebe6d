namespace LoadBalancer.Placement;

/// <summary>
/// Why a worker cannot take a run. Those up to <see cref="Slots"/> say that it never could, the others that it cannot now.
/// In decisions and explanations the names are written in camel case.
/// </summary>
public enum RefusalCode
{
    Backend,
    Browsers,
    Software,
    Labels,

    /// <summary>Too few devices of a type.</summary>
    Accelerators,
    AcceleratorModels,
    AcceleratorMemory,
    Memory,
    CpuCores,
    Disk,
    Slots,

    /// <summary>Draining, unbound or thought lost.</summary>
    NotAccepting,

    /// <summary>An earlier attempt of the run failed there, and another registered worker could run it.</summary>
    Avoided,
    SlotsBusy,
    MemoryBusy,
    CpuCoresBusy,
    DiskBusy,
    AcceleratorsBusy,

    /// <summary>Has room, but is kept for a run that needs more than it has free and would be delayed.</summary>
    HeldForAnother,
}
