using System.Text;
using LoadBalancer.Chaos.Faults;
using LoadBalancer.Chaos.Judging;

namespace LoadBalancer.Chaos;

/// <summary>Processes of tests that outlived the workers that started them.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Gives the workers' guards some time, then kills what is left, by its id.</summary>
    public static async Task<IReadOnlyList<Execution>> EndAsync(Journal journal, string file, TimeProvider time)
    {
        var started = time.GetTimestamp();
        IReadOnlyList<Execution> left = journal.Executions;
        while ((left = [.. left.Where(execution => IsAlive(execution.ProcessId, file))]).Count > 0 && time.GetElapsedTime(started) < Patience)
            await Task.Delay(Interval, time, CancellationToken.None);

        foreach (var execution in left)
            Signal.Kill(execution.ProcessId);
        return left;
    }

    // An id may belong to somebody else by now; only our script has our journal among its arguments.
    private static bool IsAlive(int processId, string file)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{processId}/cmdline").AsSpan().IndexOf(Encoding.UTF8.GetBytes(file)) >= 0;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
