using System.Runtime.InteropServices;

namespace LoadBalancer.Chaos.Faults;

/// <summary>The signals that are sent, by process id. The caller knows that the id is still its process.</summary>
internal static class Signal
{
    private const int KillNumber = 9, ContinueNumber = 18, StopNumber = 19;

    public static void Kill(int processId) => _ = Send(processId, KillNumber);

    public static void Stop(int processId) => _ = Send(processId, StopNumber);

    public static void Continue(int processId) => _ = Send(processId, ContinueNumber);

    // What has ended meanwhile cannot be signalled, and need not be.
    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Send(int processId, int signal);
}
