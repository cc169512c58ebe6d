using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Cli.Verbs;

namespace LoadBalancer.Cli;

/// <summary>The <c>lb</c> command: its verbs, one file each.</summary>
internal static class Program
{
    public static Command CreateCommand(Terminal terminal) => new("lb", "Runs tests on the worker that will finish them first, and says why.")
    {
        DemoVerb.Create(terminal),
        DevVerb.Create(terminal),
        SubmitVerb.Create(terminal),
        WatchVerb.Create(terminal),
        StatusVerb.Create(terminal),
        LogsVerb.Create(terminal),
        ExplainVerb.Create(terminal),
        CancelVerb.Create(terminal),
        WorkersVerb.Create(terminal),
        DrainVerbs.CreateDrain(terminal),
        DrainVerbs.CreateResume(terminal),
        RebalanceVerb.Create(terminal),
        PolicyVerb.Create(terminal),
        KeyVerb.Create(terminal),
        ShareVerb.Create(terminal),
        SimulateVerb.Create(terminal),
        new HelpOption(),
        new VersionOption(),
    };

    private static async Task<int> Main(string[] args)
    {
        using var interrupted = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Interrupt(signal, interrupted));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Interrupt(signal, interrupted));
        return await Invocation.Run(args, Terminal.OfProcess(), interrupted.Token);
    }

    /// <summary>The first signal asks the verb to end in its way; the second ends the process at once.</summary>
    private static void Interrupt(PosixSignalContext signal, CancellationTokenSource interrupted)
    {
        if (interrupted.IsCancellationRequested) return;

        signal.Cancel = true;
        interrupted.Cancel();
    }
}
