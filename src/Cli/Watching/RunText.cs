using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Watching;

/// <summary>How a run is put into words, the same wherever it is shown.</summary>
internal static class RunText
{
    /// <summary>The state, and for a failure its kind: <c>Failed TimedOut</c>.</summary>
    public static string State(RunSummary run) =>
        run is { State: RunStates.Failed, FailureKind.Length: > 0 } ? $"{run.State} {PlainText.Line(run.FailureKind)}" : PlainText.Line(run.State);

    /// <summary>What went wrong, else why it is in its state.</summary>
    public static string Why(RunSummary run) => PlainText.Line(run.Error is { Length: > 0 } error ? error : run.Reason);

    /// <summary><c>40 runs: 36 completed, 3 failed, 1 running</c>.</summary>
    public static string Totals(IReadOnlyCollection<RunSummary> runs)
    {
        string[] order =
        [
            RunStates.Completed, RunStates.Failed, RunStates.Refused, RunStates.Cancelled,
            RunStates.Running, RunStates.Assigned, RunStates.Requeued, RunStates.Submitted, RunBoard.Sent,
        ];
        var counts = order
            .Select(state => (state, count: runs.Count(run => run.State == state)))
            .Where(entry => entry.count > 0)
            .Select(entry => $"{entry.count} {entry.state.ToLowerInvariant()}");
        return $"{runs.Count} {(runs.Count == 1 ? "run" : "runs")}: {string.Join(", ", counts)}";
    }
}
