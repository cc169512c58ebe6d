using System.Globalization;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Embedded;

/// <summary>The fleet in a line: <c>local-1 (2 cores, 24 GB)    sim-gpu-1 (2 x cuda SIM-24 24 GB (simulated))</c>.</summary>
internal static class FleetText
{
    public static string Of(IEnumerable<WorkerView> workers) =>
        string.Join("    ", workers.OrderBy(worker => worker.WorkerId, StringComparer.Ordinal).Select(Of));

    private static string Of(WorkerView worker)
    {
        var what = worker.Capabilities;
        List<string> parts = [string.Create(CultureInfo.InvariantCulture, $"{what.CpuCores} cores"), string.Create(CultureInfo.InvariantCulture, $"{what.MemoryGb:0.#} GB")];
        if (what.Accelerators.Count > 0) parts.Add(DeviceText.Of(what.Accelerators));
        parts.AddRange(what.Browsers.Select(browser => $"{browser.Name} {browser.Version.Split('.')[0]}"));
        return $"{worker.WorkerId} ({string.Join(", ", parts)})";
    }
}
