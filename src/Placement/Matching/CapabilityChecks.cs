using static LoadBalancer.Placement.Wording;

namespace LoadBalancer.Placement;

/// <summary>What a worker must be and have even when it is empty. Who fails here could never run it.</summary>
internal static class CapabilityChecks
{
    public static Check[] All { get; } =
    [
        new(RefusalCode.Backend,
            needs => !string.IsNullOrEmpty(needs.Requirements.RequiredBackend),
            (needs, worker) => needs.Requirements.RequiredBackend is { Length: > 0 } name && !worker.Backends.Contains(name) ? 1 : 0,
            needs => $"without backend '{needs.Requirements.RequiredBackend}'",
            (needs, _) => $"has no backend '{needs.Requirements.RequiredBackend}'"),
        new(RefusalCode.Browsers,
            needs => needs.Requirements.Browsers.Count > 0,
            (needs, worker) => MissingPart(needs.Requirements.Browsers, worker.Browsers.Contains),
            needs => $"without {Listed("browser", needs.Requirements.Browsers)}",
            (needs, worker) => $"has no {Listed("browser", needs.Requirements.Browsers.Where(name => !worker.Browsers.Contains(name)))}"),
        new(RefusalCode.Software,
            needs => needs.Software.Count > 0,
            (needs, worker) => MissingPart(needs.Software, need => need.IsMetBy(worker)),
            needs => $"without {string.Join(", ", needs.Software.Select(need => $"{need.Name} {need.RangeText}".TrimEnd()))}",
            (needs, worker) => SoftwareMiss(needs.Software.First(need => !need.IsMetBy(worker)), worker)),
        new(RefusalCode.Labels,
            needs => needs.Requirements.Labels.Count > 0,
            (needs, worker) => MissingPart(needs.Requirements.Labels, label => HasLabel(worker, label)),
            needs => $"without {Listed("label", needs.Requirements.Labels.Select(label => $"{label.Key}={label.Value}"))}",
            (needs, worker) => LabelMiss(needs.Requirements.Labels.First(label => !HasLabel(worker, label)), worker)),
        new(RefusalCode.Accelerators,
            needs => needs.Accelerators.Count > 0,
            (needs, worker) => MissingDevices(needs, worker, (_, _) => true),
            needs => $"without {string.Join(" and ", needs.Accelerators.Select(Devices))}",
            (needs, worker) => DeviceMiss(needs, worker, (_, _) => true)),
        new(RefusalCode.AcceleratorModels,
            needs => needs.Accelerators.Count > 0 && needs.Requirements.AcceleratorModels.Count > 0,
            (needs, worker) => HasDevices(needs, worker) ? MissingDevices(needs, worker, (need, device) => need.AcceptsModel(device)) : 0,
            needs => $"without devices of model {AnyOf(needs.Requirements.AcceleratorModels)}",
            (needs, worker) => DeviceMiss(needs, worker, (need, device) => need.AcceptsModel(device))
                + $" of model {AnyOf(needs.Requirements.AcceleratorModels)}"),
        new(RefusalCode.AcceleratorMemory,
            needs => needs.Accelerators.Count > 0 && needs.Requirements.AcceleratorMemoryGb > 0,
            (needs, worker) => HasModels(needs, worker) ? MissingDevices(needs, worker, (need, device) => need.Accepts(device)) : 0,
            needs => $"without devices with {Gb(needs.Requirements.AcceleratorMemoryGb)}",
            DeviceMemoryMiss),
        new(RefusalCode.Memory,
            _ => true,
            (needs, worker) => MissingAmount(needs.Requirements.MemoryGb, worker.Profile.MemoryGb),
            needs => $"with less than {Gb(needs.Requirements.MemoryGb)} of memory",
            (needs, worker) => $"has {Gb(worker.Profile.MemoryGb)} of memory, needs {Gb(needs.Requirements.MemoryGb)}"),
        new(RefusalCode.CpuCores,
            _ => true,
            (needs, worker) => MissingAmount(needs.Requirements.CpuCores, worker.Profile.CpuCores),
            needs => $"with less than {Cores(needs.Requirements.CpuCores)}",
            (needs, worker) => $"has {Cores(worker.Profile.CpuCores)}, needs {Number(needs.Requirements.CpuCores)}"),
        new(RefusalCode.Disk,
            needs => needs.Requirements.DiskGb > 0,
            (needs, worker) => MissingAmount(needs.Requirements.DiskGb, worker.Profile.DiskGb),
            needs => $"with less than {Gb(needs.Requirements.DiskGb)} of disk",
            (needs, worker) => $"has {Gb(worker.Profile.DiskGb)} of disk, needs {Gb(needs.Requirements.DiskGb)}"),
        new(RefusalCode.Slots,
            _ => true,
            (_, worker) => worker.Profile.Slots > 0 ? 0 : 1,
            _ => "without slots",
            (_, _) => "has no slots"),
    ];

    /// <summary>A comparison that also refuses what is no number.</summary>
    public static double MissingAmount(double needed, double there)
    {
        if (needed <= there + Usage.Tolerance)
            return 0;

        var missing = (needed - there) / needed;
        return double.IsNaN(missing) ? 1 : Math.Clamp(missing, Usage.Tolerance, 1);
    }

    private static double MissingPart<T>(IReadOnlyCollection<T> needed, Func<T, bool> isThere) =>
        needed.Count == 0 ? 0 : (double)needed.Count(item => !isThere(item)) / needed.Count;

    private static bool HasLabel(RegisteredWorker worker, KeyValuePair<string, string> label) =>
        worker.Profile.Labels.TryGetValue(label.Key, out var value) && value == label.Value;

    private static double MissingDevices(Needs needs, RegisteredWorker worker, Func<AcceleratorNeed, Device, bool> counts)
    {
        double missing = 0;
        foreach (var need in needs.Accelerators)
            missing = Math.Max(missing, MissingAmount(need.Devices, CountDevices(need, worker, counts)));

        return missing;
    }

    private static int CountDevices(AcceleratorNeed need, RegisteredWorker worker, Func<AcceleratorNeed, Device, bool> counts) =>
        worker.DevicesOf(need.Type).Count(device => counts(need, device));

    private static bool HasDevices(Needs needs, RegisteredWorker worker) => MissingDevices(needs, worker, (_, _) => true) <= 0;

    private static bool HasModels(Needs needs, RegisteredWorker worker) =>
        MissingDevices(needs, worker, (need, device) => need.AcceptsModel(device)) <= 0;

    private static string SoftwareMiss(SoftwareNeed need, RegisteredWorker worker)
    {
        if (need.Range is null)
            return $"cannot be compared with '{need.RangeText}', which is no version range";

        return worker.Software.TryGetValue(need.Name, out var version)
            ? $"has {need.Name} {version}, needs {need.RangeText}"
            : $"has no {need.Name}, needs {need.RangeText}".TrimEnd();
    }

    private static string LabelMiss(KeyValuePair<string, string> label, RegisteredWorker worker) =>
        worker.Profile.Labels.TryGetValue(label.Key, out var value)
            ? $"has label {label.Key}={value}, needs {label.Key}={label.Value}"
            : $"has no label '{label.Key}', needs {label.Key}={label.Value}";

    private static string Devices(AcceleratorNeed need) => $"{need.Devices} '{need.Type}' {Plural("device", need.Devices)}";

    private static string DeviceMiss(Needs needs, RegisteredWorker worker, Func<AcceleratorNeed, Device, bool> counts)
    {
        var need = needs.Accelerators.First(need => CountDevices(need, worker, counts) < need.Devices);
        var there = CountDevices(need, worker, counts);
        return $"has {there} of {Devices(need)}";
    }

    private static string DeviceMemoryMiss(Needs needs, RegisteredWorker worker)
    {
        var need = needs.Accelerators.First(need => CountDevices(need, worker, (need, device) => need.Accepts(device)) < need.Devices);
        var largest = worker.DevicesOf(need.Type).Where(need.AcceptsModel).Max(device => device.MemoryGb);
        var share = need.Share < 1 ? $" in a share of {Number(need.Share)}" : "";
        return $"has {Gb(need.Share * largest)}{share} on its largest '{need.Type}' device, needs {Gb(need.MemoryGb)} on {need.Devices}";
    }
}
