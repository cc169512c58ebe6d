namespace LoadBalancer.Placement;

/// <summary>What a run would have to give up to fit on one worker beside what runs there now.</summary>
internal static class WorkerChanges
{
    /// <summary>Amounts that are proposed are rounded down to this many parts of a GB or core.</summary>
    private const double Grain = 100;

    /// <summary>Each way to make the run fit with at most <paramref name="most"/> changes; an empty way if it fits as it is.</summary>
    public static IEnumerable<IReadOnlyList<Change>> Ways(TestDemand demand, RegisteredWorker worker, int most)
    {
        if (!worker.IsOpen || Required(new Needs(demand.Requirements), worker) is not { } required || required.Count > most)
            return [];

        var changed = required.Aggregate(demand, (run, change) => change.Apply(run));
        return WithDevices(changed, worker, required, most);
    }

    private static IEnumerable<IReadOnlyList<Change>> WithDevices(TestDemand demand, RegisteredWorker worker, List<Change> made, int most)
    {
        var needs = new Needs(demand.Requirements);
        if (Fits(needs, worker))
        {
            yield return made;
            yield break;
        }

        if (made.Count == most)
            yield break;

        foreach (var change in OfDevices(needs, worker))
        {
            foreach (var way in WithDevices(change.Apply(demand), worker, [.. made, change], most))
                yield return way;
        }
    }

    private static bool Fits(Needs needs, RegisteredWorker worker) =>
        Check.FirstFailed(CapabilityChecks.All, needs, worker) is null && Check.FirstFailed(CapacityChecks.All, needs, worker) is null;

    /// <summary>Changes that have no alternative on this worker, which has a slot free; null if none would help. Devices are not looked at.</summary>
    private static List<Change>? Required(Needs needs, RegisteredWorker worker)
    {
        var wanted = needs.Requirements;
        var changes = new List<Change>();
        if (wanted.RequiredBackend is { Length: > 0 } backend && !worker.Backends.Contains(backend))
            changes.Add(Change.WithoutBackend(backend));
        changes.AddRange(wanted.Browsers.Where(name => !worker.Browsers.Contains(name)).Distinct().Select(Change.WithoutBrowser));
        changes.AddRange(needs.Software.Where(need => !need.IsMetBy(worker)).Select(need => Change.WithoutSoftware(need.Name, need.RangeText)));
        changes.AddRange(wanted.Labels.Where(label => !worker.Profile.Labels.Contains(label)).Select(label => Change.WithoutLabel(label.Key, label.Value)));
        return Lower(wanted.MemoryGb, worker.Free.MemoryGb, Change.Memory, changes)
            && Lower(wanted.CpuCores, worker.Free.CpuCores, Change.Cpu, changes)
            && Lower(wanted.DiskGb, worker.Free.DiskGb, Change.Disk, changes)
                ? changes
                : null;
    }

    /// <returns>False if nothing is left to ask for.</returns>
    private static bool Lower(double wanted, double free, Func<double, double, Change> change, List<Change> changes)
    {
        if (CapabilityChecks.MissingAmount(wanted, free) <= 0)
            return true;

        var rounded = Math.Floor(free * Grain) / Grain;
        if (!(rounded > 0) || double.IsInfinity(wanted))
            return false;

        changes.Add(change(wanted, rounded));
        return true;
    }

    private static IEnumerable<Change> OfDevices(Needs needs, RegisteredWorker worker)
    {
        var wanted = needs.Requirements;
        if (needs.Accelerators.FirstOrDefault(need => Free(need, worker).Count(need.Accepts) < need.Devices) is not { } missing)
            yield break;

        if (wanted.AcceleratorModels.Count > 0)
            yield return Change.AnyModel(wanted.AcceleratorModels);

        var free = Free(missing, worker).Where(missing.AcceptsModel).ToList();
        var memory = free.Select(device => missing.Share * device.MemoryGb).OrderDescending().ElementAtOrDefault(missing.Devices - 1);
        if (Math.Floor(memory * Grain) / Grain is var rounded and > 0 && rounded < wanted.AcceleratorMemoryGb)
            yield return Change.DeviceMemory(wanted.AcceleratorMemoryGb, rounded);

        var amount = free.Count(missing.Accepts);
        if (amount > 0)
            yield return Change.DeviceCount(missing.Type, missing.Devices, amount);
        yield return Change.WithoutDevices(missing.Type);
    }

    private static IEnumerable<Device> Free(AcceleratorNeed need, RegisteredWorker worker) =>
        worker.DevicesOf(need.Type).Where(device => worker.Used.ShareOf(device) + need.Share <= 1 + Usage.Tolerance);
}
