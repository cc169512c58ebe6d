namespace LoadBalancer.Placement.Tests;

/// <summary>
/// What is promised about requirements and reservations, in the plainest words. Knows only what <see cref="StepGen"/> makes.
/// </summary>
internal static class Rules
{
    private const double Rounding = 1e-5;

    public static bool IsCapable(WorkerProfile worker, Requirements needs) =>
        (needs.RequiredBackend is null || worker.Backends.Contains(needs.RequiredBackend))
        && needs.Browsers.All(worker.Browsers.Contains)
        && needs.Software.Keys.All(name => worker.Software[name].StartsWith('3'))
        && needs.Labels.All(label => worker.Labels.Contains(label))
        && worker.Slots > 0
        && HasFree(worker, [], needs);

    public static bool HasFree(WorkerProfile worker, IReadOnlyList<Reservation> held, Requirements needs) =>
        held.Count < worker.Slots
        && held.Sum(entry => entry.MemoryGb) + needs.MemoryGb <= worker.MemoryGb + Rounding
        && held.Sum(entry => entry.CpuCores) + needs.CpuCores <= worker.CpuCores + Rounding
        && held.Sum(entry => entry.DiskGb) + needs.DiskGb <= worker.DiskGb + Rounding
        && needs.Accelerators.All(need => FreeDevices(worker, held, needs, need.Key, need.Value) >= Math.Ceiling(need.Value));

    public static bool DevicesSuffice(WorkerProfile worker, Requirements needs, IReadOnlyList<DeviceShare> shares) =>
        shares.DistinctBy(share => share.Id).Count() == shares.Count
        && shares.All(share => worker.Devices.Any(device =>
            (device.Id, device.Type) == (share.Id, share.Type) && Suits(device, needs, share.Share)))
        && needs.Accelerators.All(need => SharesSuffice(need.Value, [.. shares.Where(share => share.Type == need.Key)]));

    public static bool FitsIn(WorkerProfile worker, IReadOnlyList<Reservation> held, Reservation added) =>
        held.Count <= worker.Slots
        && held.Sum(entry => entry.MemoryGb) <= worker.MemoryGb + Rounding
        && held.Sum(entry => entry.CpuCores) <= worker.CpuCores + Rounding
        && held.Sum(entry => entry.DiskGb) <= worker.DiskGb + Rounding
        && added.Devices.All(share => ShareTaken(held, share.Id) <= 1 + Rounding);

    private static bool SharesSuffice(double amount, IReadOnlyList<DeviceShare> shares) => amount < 1
        ? shares.Count == Math.Ceiling(amount) && shares.All(share => share.Share == amount)
        : shares.Count == amount && shares.All(share => share.Share == 1);

    private static int FreeDevices(
        WorkerProfile worker, IReadOnlyList<Reservation> held, Requirements needs, string type, double amount) =>
        worker.Devices.Count(device =>
            device.Type == type
            && Suits(device, needs, Math.Min(amount, 1))
            && ShareTaken(held, device.Id) + Math.Min(amount, 1) <= 1 + Rounding);

    private static bool Suits(Device device, Requirements needs, double share) =>
        share * device.MemoryGb + Rounding >= needs.AcceleratorMemoryGb
        && (needs.AcceleratorModels.Count == 0 || needs.AcceleratorModels.Contains(device.Model));

    private static double ShareTaken(IReadOnlyList<Reservation> held, string deviceId) =>
        held.SelectMany(entry => entry.Devices).Where(share => share.Id == deviceId).Sum(share => share.Share);
}
