using System.CommandLine;
using System.Globalization;
using LoadBalancer.Cli.Api;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb explain</c>: why a run waits, or why it ran where it did. The verdict comes first.</summary>
internal static class ExplainVerb
{
    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var run = new Argument<string>("RUN") { Description = RunReference.Meaning };
        var verb = new Command("explain", "Say why a run waits, or why it ran where it did.") { run, common.Url, common.Json, common.Plain };
        verb.SetAction(async (parse, cancel) =>
        {
            var output = common.Output(parse);
            using var client = common.Client(parse);
            var runId = await RunReference.Resolve(client, parse.GetValue(run)!, cancel);
            var explanation = await client.FindExplanation(runId, cancel) ?? throw RunReference.Unknown(runId);
            if (output.Json)
            {
                output.WriteJson(explanation);
                return ExitCode.Passed;
            }

            var detail = await client.FindRun(runId, cancel) ?? throw RunReference.Unknown(runId);
            Write(output, explanation, detail, explanation.Decisions.Count > 0 ? await client.Workers(cancel) : []);
            return ExitCode.Passed;
        });
        return verb;
    }

    private static void Write(Output output, RunExplanation explanation, RunSummary run, IReadOnlyList<WorkerView> fleet)
    {
        output.WriteText($"run {run.RunId}  {PlainText.Line(run.TestId)}  {PlainText.Line(explanation.State)}: {PlainText.Line(explanation.Verdict)}");
        if (explanation.Funnel.Count > 0)
            Field(output, "workers", string.Join(" > ", explanation.Funnel.Select(step => $"{step.Workers} {step.Name}")));
        if (explanation.Blocker is { Length: > 0 } blocker) Field(output, "blocker", blocker);
        foreach (var hint in explanation.Hints) Field(output, "hint", hint);
        if (explanation.Relaxation is { Length: > 0 } relaxation) Field(output, "starts if", relaxation);
        if (explanation is { EtaP50Seconds: { } usual, EtaP90Seconds: { } most })
            Field(output, "finished", $"in {Seconds(usual)}, nine of ten within {Seconds(most)}");
        foreach (var decision in explanation.Decisions) WriteDecision(output, decision, fleet);
    }

    private static void WriteDecision(Output output, DecisionView decision, IReadOnlyList<WorkerView> fleet)
    {
        Field(output, $"attempt {decision.Attempt}", $"{decision.WorkerId}, by {decision.Policy} at {decision.DecidedAt.ToLocalTime():HH:mm:ss}: {decision.Reason}");
        if (DeviceText.Of(decision.Devices, decision.WorkerId, fleet) is { Length: > 0 } devices) Field(output, "  devices", devices);
        if (decision is { PredictedP50Seconds: { } usual, PredictedP90Seconds: { } most })
            Field(output, "  predicted", $"{Seconds(usual)}, nine of ten within {Seconds(most)}");
        if (decision.Score.Count > 0) Field(output, "  score", Parts(decision.Score));
        foreach (var other in decision.Alternatives)
        {
            var parts = other.Score.Count > 0 ? $" ({Parts(other.Score)})" : "";
            Field(output, "  not", $"{other.WorkerId} {Seconds(other.ScoreSeconds)}{parts}{(other.Reason.Length > 0 ? $": {other.Reason}" : "")}");
        }

        foreach (var (reason, workers) in decision.Refusals.OrderByDescending(refusal => refusal.Value))
            Field(output, "  refused", $"{workers} {(workers == 1 ? "worker" : "workers")}: {reason}");
    }

    private static string Parts(IReadOnlyDictionary<string, double> score) =>
        string.Join(", ", score.Select(part => $"{part.Key} {Seconds(part.Value)}"));

    private static void Field(Output output, string name, string value) => output.WriteText($"  {name,-10} {PlainText.Line(value)}");

    private static string Seconds(double value) => value.ToString("0.0s", CultureInfo.InvariantCulture);
}
