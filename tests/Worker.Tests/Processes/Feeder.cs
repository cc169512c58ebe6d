using System.Diagnostics;
using System.Runtime.CompilerServices;
using LoadBalancer.Worker.Processes;

namespace LoadBalancer.Worker.Tests.Processes;

/// <summary>This assembly as another process that starts children the way a worker does and is then killed by a test.</summary>
internal static class Feeder
{
    private const string MarkVariable = "FEEDER_MARK";
    private const string GatedVariable = "FEEDER_GATED";

    /// <param name="mark">What its children carry.</param>
    /// <param name="gated">A file that a child would write if it came through the gate, or null to let children run.</param>
    public static Process Start(ProcessMark mark, string? gated = null)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Feeder).Assembly.Location]) { RedirectStandardInput = true };
        start.Environment[MarkVariable] = mark.Value;
        start.Environment[GatedVariable] = gated;
        return Process.Start(start)!;
    }

    [ModuleInitializer]
    internal static void RunInsteadOfTests()
    {
        if (Environment.GetEnvironmentVariable(MarkVariable) is not { } mark)
            return;

        if (Environment.GetEnvironmentVariable(GatedVariable) is { Length: > 0 } file)
            WaitAtGate(new ProcessMark(mark), file);
        else
            RunChildren(new ProcessMark(mark));

        // Ends with its parent at the latest.
        Console.In.ReadToEnd();
        Environment.Exit(0);
    }

    private static void RunChildren(ProcessMark mark)
    {
        var environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" };
        var command = new ProcessCommand("/bin/sh", ["-c", "trap '' TERM HUP; sleep 1000 & setsid sleep 1000 & wait"], environment, "/");
        _ = ChildProcess.StartAsync(command, new Guard(mark, TimeProvider.System), mark, TimeProvider.System);
    }

    /// <summary>Starts a child as <see cref="ChildProcess"/> does, but dies before it says go.</summary>
    private static void WaitAtGate(ProcessMark mark, string file)
    {
        var start = ChildProcess.Gated(
            new ProcessCommand("/bin/sh", ["-c", "echo ran > \"$0\"", file], new Dictionary<string, string>(), "/"), mark.ForChild());
        Process.Start(start);
    }
}
