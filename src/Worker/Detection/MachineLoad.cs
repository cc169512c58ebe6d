using System.Globalization;
using LoadBalancer.Contracts;

namespace LoadBalancer.Worker.Detection;

/// <summary>The machine's load since the last look; the first look sees the load since boot.</summary>
internal sealed class MachineLoad
{
    private (double Busy, double Total) last;

    public WorkerLoad Measure()
    {
        var now = CpuTimes();
        var elapsed = now.Total - last.Total;
        var cpu = elapsed > 0 ? Math.Clamp((now.Busy - last.Busy) / elapsed, 0, 1) : 0;
        last = now;
        return new WorkerLoad { Cpu = Math.Round(cpu, 3), Memory = Math.Round(Memory.Use(), 3) };
    }

    private static (double Busy, double Total) CpuTimes()
    {
        if (!File.Exists("/proc/stat"))
            return (0, 0);

        // cpu user nice system idle iowait irq softirq steal ...
        var times = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9]
            .Select(ticks => double.Parse(ticks, CultureInfo.InvariantCulture))
            .ToArray();
        var total = times.Sum();
        return (total - times[3] - times[4], total);
    }
}
