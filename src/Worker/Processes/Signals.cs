using System.Runtime.InteropServices;

namespace LoadBalancer.Worker.Processes;

/// <summary>Signals to a process, or to a whole group when the target is negative.</summary>
internal static class Signals
{
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <returns>False when there is nothing left to signal, or it is not ours.</returns>
    public static bool Send(int target, int signal) => NativeKill(target, signal) == 0;

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int NativeKill(int target, int signal);
}
