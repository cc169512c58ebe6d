using System.Globalization;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Cli.Terminals;
using Spectre.Console;

namespace LoadBalancer.Cli.Simulation;

/// <summary>Summaries for people, one row for each policy.</summary>
internal static class SimulationTable
{
    public static Table Of(IReadOnlyList<Summary> summaries)
    {
        var table = Tables.Create(
            "policy", "completed", "failed", "unschedulable", "makespan", "bound", "ratio", "completion", "p95 wait", "utilisation",
            "fairness", "decisions/s");
        foreach (var summary in summaries)
        {
            table.AddRow(
                Tables.Cell(summary.Policy),
                Tables.Cell(Number($"{summary.Completed}")),
                Tables.Cell(Number($"{summary.Failed}")),
                Tables.Cell(Number($"{summary.Unschedulable}")),
                Tables.Cell(DurationText.Of(summary.MakespanSeconds)),
                Tables.Cell(DurationText.Of(summary.LowerBoundSeconds)),
                Tables.Cell(Number($"{summary.Ratio:0.000}")),
                Tables.Cell(DurationText.Of(summary.MeanCompletionSeconds)),
                Tables.Cell(DurationText.Of(summary.P95WaitSeconds)),
                Tables.Cell(Number($"{summary.Utilisation:0.0%}")),
                Tables.Cell(Number($"{summary.JainFairness:0.000}")),
                Tables.Cell(summary.DecisionsPerSecond is { } speed ? Number($"{speed:0}") : "-"));
        }

        return table;
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
