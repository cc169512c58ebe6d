using System.Globalization;

namespace LoadBalancer.Worker.Processes;

/// <summary>
/// The kernel's count of processes that it killed for want of memory where this worker and its tests run: of the control group, or of the
/// whole machine where there is no group to be seen. It names no process, so it only explains the end of a test that ended otherwise.
/// </summary>
internal sealed class MemoryKills
{
    private const string Entry = "oom_kill ";

    private readonly string? file;

    private MemoryKills(string? file, bool ofTheWholeMachine, string? wholeGroupFile) =>
        (this.file, OfTheWholeMachine, KillsTheWorkerToo) = (file, ofTheWholeMachine, wholeGroupFile is not null && Read(wholeGroupFile).Trim() == "1");

    /// <summary>Without it, nobody can tell a test that was killed for its memory from one that killed itself.</summary>
    public bool Known => file is not null;

    /// <summary>Also what others on the machine lost is counted.</summary>
    public bool OfTheWholeMachine { get; }

    /// <summary>The group is set to be killed as one: with the test, its worker.</summary>
    public bool KillsTheWorkerToo { get; }

    /// <param name="root">The root of the file system; a test gives another one.</param>
    public static MemoryKills Here(string root = "/")
    {
        foreach (var group in ControlGroups(root))
        {
            foreach (var name in (string[])["memory.events", "memory.oom_control"])
            {
                var counted = Path.Combine(group, name);
                if (CountIn(counted) is not null)
                    return new MemoryKills(counted, ofTheWholeMachine: false, Path.Combine(group, "memory.oom.group"));
            }
        }

        var machine = Path.Combine(root, "proc/vmstat");
        return CountIn(machine) is null ? new MemoryKills(null, false, null) : new MemoryKills(machine, true, null);
    }

    public long Count() => file is null ? 0 : CountIn(file) ?? 0;

    /// <summary>
    /// Where the group of this process may be mounted, the nearest first: within a container the path may be the one outside, and the
    /// group is what is mounted as the root.
    /// </summary>
    private static IEnumerable<string> ControlGroups(string root)
    {
        foreach (var line in Read(Path.Combine(root, "proc/self/cgroup")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // hierarchy:controllers:path; version 2 has no controllers there.
            if (line.Split(':', 3) is not [_, var controllers, var path])
                continue;

            var hierarchy = controllers.Length == 0 ? "sys/fs/cgroup" : "sys/fs/cgroup/memory";
            if (controllers.Length > 0 && !controllers.Split(',').Contains("memory"))
                continue;

            yield return Path.Combine(root, hierarchy, path.TrimStart('/'));
            yield return Path.Combine(root, hierarchy);
        }
    }

    private static long? CountIn(string path) =>
        Read(path).Split('\n').FirstOrDefault(line => line.StartsWith(Entry, StringComparison.Ordinal)) is { } line &&
        long.TryParse(line[Entry.Length..], CultureInfo.InvariantCulture, out var count)
            ? count
            : null;

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
