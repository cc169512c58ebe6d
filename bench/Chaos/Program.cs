using System.Runtime.InteropServices;
using LoadBalancer.Chaos;

// Exit codes: 0 nothing was harmed, 1 something was, 2 bad usage, 3 the run itself failed, 4 interrupted.
if (Arguments.Parse(args) is not { } arguments)
{
    await Console.Error.WriteLineAsync(Arguments.Usage);
    return 2;
}

using var interrupted = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Abort);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Abort);
using var progress = new Progress(Path.Combine(arguments.Directory, "progress"), arguments.Json);
try
{
    await using var run = new ChaosRun(arguments, TimeProvider.System, progress.Say);
    var (report, verdict) = await run.RunAsync(interrupted.Token);
    Console.WriteLine(arguments.Json ? report.ToJson() : report);
    foreach (var violation in verdict.Violations)
        await Console.Error.WriteLineAsync($"{violation.Harm}: {violation.Details}");
    return verdict.IsClean && report is { LeftRunning: 0, DeadLetters: 0 } ? 0 : 1;
}
catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
{
    return 4;
}
catch (Exception failure)
{
    await Console.Error.WriteLineAsync($"the run itself failed: {failure}");
    return 3;
}

void Abort(PosixSignalContext signal)
{
    signal.Cancel = true;
    interrupted.Cancel();
}
