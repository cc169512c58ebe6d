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
            var devices = Best(need, worker).Take(need.Devices).ToList();
            if (devices.Count < need.Devices)
                return null;

            picked.AddRange(devices.Select(device => new DeviceShare(device.Type, device.Id, need.Share, need.Share * device.MemoryGb)));
        }

        return picked;
    }

    private static IEnumerable<Device> Best(AcceleratorNeed need, RegisteredWorker worker) =>
        worker.DevicesOf(need.Type)
            .Where(device => IsFree(need, device, worker))
            .OrderByDescending(device => worker.Used.ShareOf(device))
            .ThenBy(device => device.MemoryGb);

    private static bool IsFree(AcceleratorNeed need, Device device, RegisteredWorker worker) =>
        need.Accepts(device) && worker.Used.ShareOf(device) + need.Share <= 1 + Usage.Tolerance;
}
