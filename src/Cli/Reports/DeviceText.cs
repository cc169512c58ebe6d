using System.Globalization;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Reports;

/// <summary>Devices in words. A simulated one says so wherever it is shown.</summary>
internal static class DeviceText
{
    /// <summary>Alike devices together: <c>2 x cuda 24 GB (simulated)</c>.</summary>
    public static string Of(IReadOnlyList<Accelerator> devices)
    {
        var groups = devices.GroupBy(device => (device.Type, device.Model, device.MemoryGb, device.Simulated));
        var texts = groups.Select(group => string.Create(CultureInfo.InvariantCulture,
            $"{group.Count()} x {Name(group.Key.Type, group.Key.Model)} {group.Key.MemoryGb:0.#} GB{(group.Key.Simulated ? " (simulated)" : "")}"));
        return string.Join(", ", texts) is { Length: > 0 } text ? text : "-";
    }

    /// <summary>What is reserved of a worker's devices: <c>cuda 0 (24 GB, simulated)</c>.</summary>
    public static string Of(IReadOnlyList<AssignedDevice> reserved, string workerId, IReadOnlyList<WorkerView> fleet)
    {
        var known = fleet.FirstOrDefault(worker => worker.WorkerId == workerId)?.Capabilities.Accelerators ?? [];
        return string.Join(", ", reserved.Select(device =>
        {
            var simulated = known.Any(accelerator => accelerator.Id == device.Id && accelerator.Simulated) ? ", simulated" : "";
            var share = device.Share < 1 ? string.Create(CultureInfo.InvariantCulture, $"{device.Share:0.##} of ") : "";
            return string.Create(CultureInfo.InvariantCulture, $"{share}{device.Type} {device.Id} ({device.MemoryGb:0.#} GB{simulated})");
        }));
    }

    private static string Name(string type, string model) => model.Length > 0 && model != type ? $"{type} {model}" : type;
}
