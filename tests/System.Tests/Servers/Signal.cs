using System.Runtime.InteropServices;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>The signals that fault tests send.</summary>
internal static class Signal
{
    private const int Quit = 3, Kill = 9, Term = 15, Cont = 18, Stop = 19;

    public static void SendQuit(int processId) => Send(processId, Quit);

    public static void SendKill(int processId) => Send(processId, Kill);

    public static void SendTerm(int processId) => Send(processId, Term);

    public static void SendCont(int processId) => Send(processId, Cont);

    public static void SendStop(int processId) => Send(processId, Stop);

    private static void Send(int processId, int signal)
    {
        if (SendSignal(processId, signal) != 0)
        {
            throw new InvalidOperationException(
                $"signal {signal} to process {processId} failed, errno {Marshal.GetLastPInvokeError()}");
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int processId, int signal);
}
