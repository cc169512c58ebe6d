using System.Globalization;

namespace LoadBalancer.Worker.Processes;

/// <summary>
/// What a process tree used, by samples of <c>/proc</c>: dense at first, then once a second. CPU time since the last sample of a process
/// that ended unwaited is missed; a peak of one process is the kernel's own, a peak of the sum is as good as the samples.
/// </summary>
internal sealed class ProcessUsage(int root)
{
    private const double BytesPerGb = 1e9;
    private const double TicksPerSecond = 100;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    public double CpuSeconds { get; private set; }

    public double PeakMemoryGb { get; private set; }

    /// <summary>Samples until cancelled.</summary>
    public async Task FollowAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Directory.Exists("/proc"))
            return;

        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested)
                return;

            Sample();
        }
    }

    private void Sample()
    {
        var (cpu, resident, highest) = (0.0, 0.0, 0.0);
        foreach (var id in Tree())
        {
            cpu += CpuOf(id);
            var (now, peak) = MemoryOf(id);
            resident += now;
            highest = Math.Max(highest, peak);
        }

        CpuSeconds = Math.Max(CpuSeconds, cpu);
        PeakMemoryGb = Math.Max(PeakMemoryGb, Math.Max(resident, highest) / BytesPerGb);
    }

    private IEnumerable<int> Tree()
    {
        var waiting = new Stack<int>([root]);
        while (waiting.TryPop(out var id))
        {
            yield return id;
            foreach (var child in ChildrenOf(id))
                waiting.Push(child);
        }
    }

    private static IEnumerable<int> ChildrenOf(int id) =>
        Read(() => Directory.GetDirectories($"/proc/{id}/task"), [])
            .SelectMany(task => Read(() => File.ReadAllText($"{task}/children"), "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(child => int.Parse(child, CultureInfo.InvariantCulture));

    /// <summary>User and system time of the process and of its children that it waited for, in seconds.</summary>
    private static double CpuOf(int id)
    {
        var line = Read(() => File.ReadAllText($"/proc/{id}/stat"), "");
        // The second field is the name in parentheses and may hold anything; utime, stime, cutime, cstime are fields 14 to 17.
        var fields = line[(line.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length < 15 ? 0 : fields[11..15].Sum(field => long.Parse(field, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    private static (double Resident, double Peak) MemoryOf(int id)
    {
        var lines = Read(() => File.ReadAllLines($"/proc/{id}/status"), []);
        return (Bytes("VmRSS:"), Bytes("VmHWM:"));

        double Bytes(string name) =>
            lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
                ? double.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) * 1024
                : 0;
    }

    // A process may end between two reads.
    private static T Read<T>(Func<T> read, T gone)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return gone;
        }
    }
}
