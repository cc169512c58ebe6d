using System.CommandLine;
using LoadBalancer.Cli.Api;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb logs</c>: the output that the worker kept of an attempt.</summary>
internal static class LogsVerb
{
    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var run = new Argument<string>("RUN") { Description = RunReference.Meaning };
        var attempt = new Option<int?>("--attempt") { Description = "The attempt; default: the latest.", HelpName = "N" };
        var follow = new Option<bool>("-f", "--follow") { Description = "Wait until the run has ended; the exit code is by the run." };
        var verb = new Command("logs", "Show the output of a run: its beginning and its end, as the worker kept them.")
        {
            run, attempt, follow, common.Url, common.Json, common.Plain,
        };
        verb.SetAction(async (parse, cancel) =>
        {
            var output = common.Output(parse);
            using var client = common.Client(parse);
            var runId = await RunReference.Resolve(client, parse.GetValue(run)!, cancel);
            var ended = parse.GetValue(follow) ? await WaitForEnd(client, output, runId, cancel) : null;
            await Show(client, output, runId, parse.GetValue(attempt), cancel);
            return ended is null or { State: RunStates.Completed } ? ExitCode.Passed : ExitCode.TestsFailed;
        });
        return verb;
    }

    private static async Task<RunSummary> WaitForEnd(SchedulerClient client, Output output, Guid runId, CancellationToken cancel)
    {
        var run = await client.FindRun(runId, cancel) ?? throw RunReference.Unknown(runId);
        var board = RunBoard.Open();
        board.Apply(run);
        if (!board.Ended)
        {
            // No list is asked for: the run itself is looked up where the stream is silent.
            var only = RunBoard.Of([run.Submission with { RunId = runId }], run.State, run.SubmittedAt);
            await new RunWatcher(client, only, [], new LineView(output), output.Time).Follow(endless: false, cancel);
            return only[runId];
        }

        return run;
    }

    private static async Task Show(SchedulerClient client, Output output, Guid runId, int? attempt, CancellationToken cancel)
    {
        if (await client.FindOutput(runId, attempt, cancel) is { } found)
        {
            if (output.Json) output.WriteJson(found);
            else if (RunEvidence.Joined(found).TrimEnd('\n') is { Length: > 0 } text) output.WriteText(text);
            return;
        }

        var run = await client.FindRun(runId, cancel) ?? throw RunReference.Unknown(runId);
        if (attempt is { } asked && asked > run.Attempt)
            throw LbException.BadInput($"run {runId} has no attempt {asked}; it is at attempt {run.Attempt}");
        output.Say($"no output yet: the run is {RunText.State(run)}; the worker sends it when the attempt ends (lb logs -f {runId} waits)");
    }
}
