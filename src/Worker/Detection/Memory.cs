using System.Globalization;

namespace LoadBalancer.Worker.Detection;

/// <summary>
/// The memory that this process may use: what the machine has, or less where a control group limits it. Every group up to the root is
/// looked at, since the tightest one holds. Version 1 writes "no limit" as a huge number, version 2 as <c>max</c>.
/// </summary>
internal static class Memory
{
    private const double BytesPerGb = 1e9;

    /// <param name="root">The root of the file system; a test gives another one.</param>
    public static double TotalGb(string root = "/")
    {
        var machine = Kilobytes(Read(Path.Combine(root, "proc/meminfo")), "MemTotal:") * 1024;
        if (machine == 0)
            machine = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return Limits(root).Append(machine).Min() / BytesPerGb;
    }

    /// <summary>The used part of the machine's memory, 0 to 1.</summary>
    public static double Use(string root = "/")
    {
        var text = Read(Path.Combine(root, "proc/meminfo"));
        var total = Kilobytes(text, "MemTotal:");
        return total == 0 ? 0 : Math.Clamp(1 - (Kilobytes(text, "MemAvailable:") / total), 0, 1);
    }

    private static IEnumerable<double> Limits(string root)
    {
        foreach (var line in Read(Path.Combine(root, "proc/self/cgroup")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // hierarchy:controllers:path; version 2 has no controllers there.
            if (line.Split(':', 3) is not [_, var controllers, var path])
                continue;

            if (controllers.Length == 0)
                foreach (var limit in Upwards(Path.Combine(root, "sys/fs/cgroup"), path, "memory.max"))
                    yield return limit;
            else if (controllers.Split(',').Contains("memory"))
                foreach (var limit in Upwards(Path.Combine(root, "sys/fs/cgroup/memory"), path, "memory.limit_in_bytes"))
                    yield return limit;
        }
    }

    private static IEnumerable<double> Upwards(string hierarchy, string path, string file)
    {
        for (var group = path.Trim('/'); ; group = Path.GetDirectoryName(group) ?? "")
        {
            if (double.TryParse(Read(Path.Combine(hierarchy, group, file)), CultureInfo.InvariantCulture, out var limit) && limit > 0)
                yield return limit;
            if (group.Length == 0)
                yield break;
        }
    }

    private static double Kilobytes(string text, string name) =>
        text.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? double.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture)
            : 0;

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
