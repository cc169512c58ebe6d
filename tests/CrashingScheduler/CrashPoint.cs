using System.Globalization;
using System.Runtime.InteropServices;

namespace LoadBalancer.CrashingScheduler;

/// <summary>Counts occasions and ends this process at the one it was told, as SIGKILL does: nothing is flushed, closed or said.</summary>
internal sealed class CrashPoint(int occasion)
{
    private const int Kill = 9;

    private int seen;

    /// <summary>The number in an environment variable; without it, never.</summary>
    public static CrashPoint FromEnvironment(string variable) =>
        new(int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var occasion) ? occasion : 0);

    public void Pass()
    {
        if (Interlocked.Increment(ref seen) != occasion)
        {
            return;
        }

        _ = SendSignal(Environment.ProcessId, Kill);
        Thread.Sleep(Timeout.Infinite);
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int processId, int signal);
}
