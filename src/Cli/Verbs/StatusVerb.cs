using System.CommandLine;
using System.Globalization;
using LoadBalancer.Cli.Api;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;
using Spectre.Console;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb status</c>: one run with its attempts, or a list of runs.</summary>
internal static class StatusVerb
{
    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var run = new Argument<string?>("RUN") { Description = RunReference.Meaning + " Without it: a list.", Arity = ArgumentArity.ZeroOrOne };
        var suite = new Option<string?>("--suite") { Description = "List only this suite's runs.", HelpName = "S" };
        var state = new Option<string?>("--state") { Description = "List only runs in this state.", HelpName = "STATE" };
        var limit = new Option<int>("--limit") { Description = "List at most this many.", DefaultValueFactory = _ => 50, HelpName = "N" };
        var verb = new Command("status", "Show one run with its attempts, or list runs.")
        {
            run, suite, state, limit, common.Url, common.Json, common.Plain, common.NoColor,
        };
        verb.SetAction(async (parse, cancel) =>
        {
            var output = common.Output(parse);
            using var client = common.Client(parse);
            if (parse.GetValue(run) is { } reference) await ShowRun(client, output, reference, cancel);
            else await List(client, output, new RunQuery(parse.GetValue(suite), State(parse.GetValue(state)), NewestFirst: true), parse.GetValue(limit), cancel);
            return ExitCode.Passed;
        });
        return verb;
    }

    private static string? State(string? given)
    {
        string[] known = [RunStates.Submitted, RunStates.Assigned, RunStates.Running, RunStates.Requeued, RunStates.Completed, RunStates.Failed, RunStates.Cancelled];
        if (given is null) return null;

        return known.FirstOrDefault(state => state.Equals(given, StringComparison.OrdinalIgnoreCase))
            ?? throw LbException.BadInput($"--state \"{given}\" is no state{NearestName.Hint(given, known)}; states are {string.Join(", ", known)}");
    }

    private static async Task List(SchedulerClient client, Output output, RunQuery query, int limit, CancellationToken cancel)
    {
        if (limit < 1) throw LbException.BadInput($"--limit is {limit}: give 1 or more");

        var page = await client.RunPage(query, limit, after: null, cancel);
        if (output.Json)
        {
            output.WriteJson(page);
            return;
        }

        var table = Tables.Create("run", "test", "suite", "state", "worker", "attempts", "wait", "ran", "reason");
        foreach (var run in page.Runs)
        {
            table.AddRow(
                Tables.Cell(run.RunId.ToString()), Tables.Cell(run.TestId), Tables.Cell(run.Suite), Tables.State(run), Tables.Cell(run.WorkerId ?? "-"),
                Tables.Cell(run.Attempt.ToString(CultureInfo.InvariantCulture)), Tables.Cell(DurationText.Of(run.WaitSeconds)),
                Tables.Cell(DurationText.Of(run.RunSeconds)), Tables.Cell(RunText.Why(run)));
        }

        if (page.Runs.Count > 0) output.Write(table);
        output.Say(page.Runs.Count == 0 ? "no runs" : page.Next is null ? RunText.Totals(page.Runs) : $"the latest {page.Runs.Count}; --limit shows more");
    }

    private static async Task ShowRun(SchedulerClient client, Output output, string reference, CancellationToken cancel)
    {
        var runId = await RunReference.Resolve(client, reference, cancel);
        var run = await client.FindRun(runId, cancel) ?? throw RunReference.Unknown(runId);
        if (output.Json)
        {
            output.WriteJson(run);
            return;
        }

        var why = RunText.Why(run);
        output.WriteText($"run {run.RunId}  {PlainText.Line(run.TestId)}  {RunText.State(run)}{(why.Length > 0 ? $": {why}" : "")}");
        output.WriteText($"  suite {PlainText.Line(run.Suite)}, submitter {PlainText.Line(run.Submitter)}, priority {run.Priority}");
        output.WriteText($"  waited {DurationText.Of(run.WaitSeconds)}, ran {DurationText.Of(run.RunSeconds)}");
        if (run.Attempts.Count > 0) WriteAttempts(output, run, await client.Workers(cancel));
        WriteTimeline(output, run);
    }

    private static void WriteAttempts(Output output, RunDetail run, IReadOnlyList<WorkerView> fleet)
    {
        output.WriteText("");
        var table = Tables.Create("attempt", "worker", "outcome", "exit", "ran", "devices", "reason");
        foreach (var attempt in run.Attempts)
        {
            table.AddRow(
                Tables.Cell(attempt.Attempt.ToString(CultureInfo.InvariantCulture)),
                Tables.Cell(attempt.WorkerId),
                Tables.Cell(attempt.Outcome?.ToString() ?? (attempt.EndedAt is null ? "open" : "lost")),
                Tables.Cell(attempt.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "-"),
                Tables.Cell(DurationText.Of(attempt.DurationSeconds)),
                Tables.Cell(DeviceText.Of(attempt.Devices, attempt.WorkerId, fleet) is { Length: > 0 } devices ? devices : "-"),
                Tables.Cell(attempt.Error is { Length: > 0 } error ? error : attempt.Reason));
        }

        output.Write(table);
    }

    private static void WriteTimeline(Output output, RunDetail run)
    {
        if (run.Timeline.Count == 0) return;

        output.WriteText("");
        var table = Tables.Create("at", "state", "attempt", "worker", "reason");
        foreach (var change in run.Timeline)
        {
            table.AddRow(
                Tables.Cell($"+{DurationText.Of(Math.Max(0, (change.At - run.SubmittedAt).TotalSeconds))}"),
                Tables.Cell(change.State),
                Tables.Cell(change.Attempt.ToString(CultureInfo.InvariantCulture)),
                Tables.Cell(change.WorkerId ?? "-"),
                Tables.Cell(change.Error is { Length: > 0 } error ? error : change.Reason));
        }

        output.Write(table);
    }
}
