namespace LoadBalancer.System.Tests.Servers;

/// <summary>A control group within our own in which memory is short. What joins it and what that starts share the little there is.</summary>
internal sealed class MemoryGroup : IAsyncDisposable
{
    private MemoryGroup(string path) => Path = path;

    public string Path { get; }

    /// <returns>Null where this process may not make one: it needs the right, and in version 2 a parent that hands the memory down.</returns>
    public static MemoryGroup? Make(long bytes)
    {
        foreach (var line in File.Exists("/proc/self/cgroup") ? File.ReadAllLines("/proc/self/cgroup") : [])
        {
            var (hierarchy, limit) = line.Split(':', 3) switch
            {
                [_, "", var unified] => ($"/sys/fs/cgroup{unified}", "memory.max"),
                [_, var controllers, var own] when controllers.Split(',').Contains("memory") => ($"/sys/fs/cgroup/memory{own}", "memory.limit_in_bytes"),
                _ => ("", ""),
            };
            if (File.Exists(global::System.IO.Path.Combine(hierarchy, "cgroup.procs")) && TryMake(hierarchy, limit, bytes) is { } group)
                return group;
        }

        return null;
    }

    /// <summary>The kernel keeps it until its last process has been reaped.</summary>
    public async ValueTask DisposeAsync() => await Eventually.TrueAsync($"{Path} is empty", () => TryRemove(Path));

    private static MemoryGroup? TryMake(string parent, string limit, long bytes)
    {
        var path = global::System.IO.Path.Combine(parent, $"lb-test-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(path);
            if (File.Exists(global::System.IO.Path.Combine(path, limit)))
            {
                File.WriteAllText(global::System.IO.Path.Combine(path, limit), $"{bytes}");
                return new MemoryGroup(path);
            }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
        }

        TryRemove(path);
        return null;
    }

    private static bool TryRemove(string path)
    {
        try
        {
            Directory.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
        }
        catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        return true;
    }
}
