using System.Globalization;

namespace LoadBalancer.Throughput;

/// <summary>The CPU time of processes and of all that they have started, from <c>/proc</c> (proc(5), stat).</summary>
internal static class CpuTime
{
    private const double TicksPerSecond = 100;

    /// <summary>Of every named process and its descendants, living and waited for.</summary>
    public static double SecondsOf(IEnumerable<int> roots)
    {
        var processes = Directory.EnumerateDirectories("/proc")
            .Select(directory => int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var id) ? Read(id) : null)
            .OfType<Usage>()
            .ToLookup(usage => usage.Parent);
        var own = roots.Select(Read).OfType<Usage>();
        return Sum(own, processes) / TicksPerSecond;
    }

    private static double Sum(IEnumerable<Usage> usages, ILookup<int, Usage> children) =>
        usages.Sum(usage => usage.Ticks + Sum(children[usage.Id], children));

    private static Usage? Read(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            // The name before may hold spaces.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return new Usage(id, Number(1), Enumerable.Range(11, 4).Sum(Number));

            int Number(int field) => int.Parse(fields[field], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private sealed record Usage(int Id, int Parent, double Ticks);
}
