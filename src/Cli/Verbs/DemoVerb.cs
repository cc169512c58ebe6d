using System.CommandLine;
using LoadBalancer.Cli.Api;
using LoadBalancer.Cli.Embedded;
using LoadBalancer.Cli.Suites;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb demo</c>: the main job in one command, from an empty machine to a result table.</summary>
internal static class DemoVerb
{
    private const string Sample = "demo.yaml";

    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var verb = new Command("demo", "Run a sample suite on a scheduler and unlike workers in this process, and show the result.")
        {
            common.Json, common.Plain, common.NoColor,
        };
        verb.SetAction((parse, cancel) => Run(common.Output(parse), terminal, cancel));
        return verb;
    }

    private static async Task<int> Run(Output output, Terminal terminal, CancellationToken cancel)
    {
        var directory = Directory.CreateTempSubdirectory("lb-demo-");
        try
        {
            var workers = DemoFleet.Of(DemoFleet.UnlikeWorkers, Path.Combine(directory.FullName, "workers"));
            var settings = new EmbeddedSettings("http://127.0.0.1:0", directory.FullName, workers, LogLevel.Error);
            await using var host = await EmbeddedHost.Start(settings, terminal.Time, cancel);
            return await RunSample(host, output, terminal, cancel);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<int> RunSample(EmbeddedHost host, Output output, Terminal terminal, CancellationToken cancel)
    {
        using var client = new SchedulerClient(host.Address, token: null, terminal.Time);
        var tests = ReadSample(terminal.Time);
        output.Say($"lb demo: {tests.Count} real processes on simulated hardware, everything in this process");
        output.Say($"  workers    {FleetText.Of(await client.Workers(cancel))}");
        foreach (var batch in SubmissionBatch.Split(tests))
        {
            var refused = (await client.Submit(batch, cancel)).Where(answer => answer.Status != "accepted").ToList();
            if (refused.Count > 0) throw LbException.BadInput($"the sample was refused: {refused[0].TestId}: {refused[0].Reason}");
        }

        var board = RunBoard.Of(tests, RunStates.Submitted, terminal.Time.GetUtcNow());
        var watch = new SuiteWatch(client, output) { Title = "demo", Queries = [new RunQuery(Suite: tests[0].Suite)], RunsGoOn = false };
        await watch.Run(board, cancel);
        return Compare(output, tests, board);
    }

    private static int Compare(Output output, IReadOnlyList<SubmitTest> tests, RunBoard board)
    {
        var differences = tests
            .Select(test => DemoExpectation.Of(test).Difference(board[test.RunId!.Value]))
            .OfType<string>()
            .ToList();
        foreach (var difference in differences) output.Say($"not as the sample expects: {difference}");
        output.Say($"{tests.Count - differences.Count} of {tests.Count} ended as the sample expects; some are meant to fail");
        return differences.Count == 0 ? ExitCode.Passed : ExitCode.TestsFailed;
    }

    private static IReadOnlyList<SubmitTest> ReadSample(TimeProvider time)
    {
        using var sample = new StreamReader(typeof(DemoVerb).Assembly.GetManifestResourceStream(Sample)!);
        return SuiteFile.Read(sample, Sample, suite: null, time);
    }
}
