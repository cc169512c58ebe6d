namespace LoadBalancer.Placement;

/// <summary>
/// Which devices of a worker an attempt gets. The least that will do: shares go where the least is left, so that whole devices stay
/// whole; whole devices are taken from the smallest that have enough memory.
/// </summary>
internal static class DevicePick
{
    /// <summary>Whether <see cref="Of"/> would find them all; asked of many workers for each one that is picked from.</summary>
    public static bool IsPossible(Needs needs, RegisteredWorker worker)
    {
        foreach (var need in needs.Accelerators)
        {
            var free = 0;
            foreach (var device in worker.DevicesOf(need.Type))
                free += IsFree(need, device, worker) ? 1 : 0;

            if (free < need.Devices)
                return false;
        }

        return true;
    }

    /// <summary>Null if the worker does not have all of them free.</summary>
    public static IReadOnlyList<DeviceShare>? Of(Needs needs, RegisteredWorker worker)
    {
        if (needs.Accelerators.Count == 0)
            return [];

        var picked = new List<DeviceShare>();
        foreach (var need in needs.Accelerators)
        {
            for (var taken = 0; taken < need.Devices; taken++)
            {
                if (Best(need, worker, picked) is not { } device)
                    return null;

                picked.Add(new DeviceShare(device.Type, device.Id, need.Share, need.Share * device.MemoryGb));
            }
        }

        return picked;
    }

    private static Device? Best(AcceleratorNeed need, RegisteredWorker worker, List<DeviceShare> picked)
    {
        var best = default(Device);
        foreach (var device in worker.DevicesOf(need.Type))
        {
            if (IsFree(need, device, worker) && !IsPicked(device, picked) && (best is null || IsBetter(device, best, worker.Used)))
                best = device;
        }

        return best;
    }

    private static bool IsPicked(Device device, List<DeviceShare> picked)
    {
        foreach (var share in picked)
        {
            if (share.Id == device.Id)
                return true;
        }

        return false;
    }

    private static bool IsBetter(Device device, Device other, Usage used)
    {
        var (share, shareOfOther) = (used.ShareOf(device), used.ShareOf(other));
        return share > shareOfOther || (share == shareOfOther && device.MemoryGb < other.MemoryGb);
    }

    private static bool IsFree(AcceleratorNeed need, Device device, RegisteredWorker worker) =>
        need.Accepts(device) && worker.Used.ShareOf(device) + need.Share <= 1 + Usage.Tolerance;
}
