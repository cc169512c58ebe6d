using System.Globalization;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;
using Spectre.Console;

namespace LoadBalancer.Cli.Reports;

/// <summary>The result of a watch for people: a row for each run, the end of what failed, a line of totals.</summary>
internal static class ResultTable
{
    private const int MaxFailures = 10;
    private const int MaxOutputLines = 10;

    public static void Write(Output output, IReadOnlyList<RunEvidence> evidence)
    {
        output.Write(Of([.. evidence.Select(item => item.Run)]));
        var failed = evidence.Where(item => RunBoard.Failed(item.Run)).ToList();
        foreach (var item in failed.Take(MaxFailures)) WriteFailure(output, item);
        if (failed.Count > MaxFailures) output.WriteText($"\nand {failed.Count - MaxFailures} more failures: lb logs RUN shows the output of one");
        output.WriteText($"\n{Totals(evidence)}");
    }

    public static Table Of(IReadOnlyList<RunSummary> runs)
    {
        var table = Tables.Create("test", "state", "worker", "attempts", "wait", "run", "reason");
        foreach (var run in runs)
        {
            table.AddRow(
                Tables.Cell(run.TestId),
                Tables.State(run),
                Tables.Cell(run.WorkerId ?? "-"),
                Tables.Cell(run.Attempt.ToString(CultureInfo.InvariantCulture)),
                Tables.Cell(DurationText.Of(run.WaitSeconds)),
                Tables.Cell(DurationText.Of(run.RunSeconds)),
                Tables.Cell(RunText.Why(run)));
        }

        return table;
    }

    private static void WriteFailure(Output output, RunEvidence evidence)
    {
        output.WriteText($"\n{RunText.State(evidence.Run)}  {PlainText.Line(evidence.Run.TestId)}  run {evidence.Run.RunId}");
        output.WriteText($"  {RunText.Why(evidence.Run)}");
        var lines = PlainText.Lines(evidence.OutputText).TrimEnd('\n').Split('\n');
        foreach (var line in lines.TakeLast(MaxOutputLines).Where(line => line.Length > 0)) output.WriteText($"  | {line}");
    }

    private static string Totals(IReadOnlyList<RunEvidence> evidence)
    {
        var runs = evidence.Select(item => item.Run).ToList();
        if (runs.Count == 0) return RunText.Totals(runs);

        var span = runs.Max(run => run.EndedAt ?? run.SubmittedAt) - runs.Min(run => run.SubmittedAt);
        var workers = runs.Select(run => run.WorkerId).OfType<string>().Distinct().Count();
        return $"{RunText.Totals(runs)} in {DurationText.Of(span)}; ran {DurationText.Of(runs.Sum(run => run.RunSeconds ?? 0))}"
            + $" on {workers} {(workers == 1 ? "worker" : "workers")}, longest wait {DurationText.Of(runs.Max(run => run.WaitSeconds))}";
    }
}
