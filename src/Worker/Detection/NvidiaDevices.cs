using System.Globalization;
using LoadBalancer.Contracts;

namespace LoadBalancer.Worker.Detection;

/// <summary>NVIDIA GPUs as <c>nvidia-smi</c> lists them. The id is the UUID: it stays with the device, and <c>CUDA_VISIBLE_DEVICES</c> takes it.</summary>
internal static class NvidiaDevices
{
    private const double MebibytesToGb = 1024 * 1024 / 1e9;

    private static readonly string[] Query = ["--query-gpu=index,uuid,name,memory.total,driver_version", "--format=csv,noheader,nounits"];

    public static async Task<IReadOnlyList<Accelerator>> DetectAsync(CommandProbe probe, CancellationToken cancellationToken) =>
        Parse(await probe("nvidia-smi", Query, cancellationToken) ?? "");

    public static IReadOnlyList<Accelerator> Parse(string csv) =>
        [.. csv.Split('\n').Select(Device).OfType<Accelerator>()];

    // A line such as "No devices were found", or a device that fell off the bus, is no device.
    private static Accelerator? Device(string line) =>
        line.Split(',', StringSplitOptions.TrimEntries) is [_, var uuid, var name, var memory, var driver]
        && uuid.StartsWith("GPU-", StringComparison.Ordinal)
            ? new Accelerator
            {
                Type = "cuda",
                Id = uuid,
                Model = name,
                MemoryGb = double.TryParse(memory, CultureInfo.InvariantCulture, out var mebibytes) ? Math.Round(mebibytes * MebibytesToGb, 2) : 0,
                Driver = driver,
            }
            : null;
}
