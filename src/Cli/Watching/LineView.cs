using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Watching;

/// <summary>One line for each change of state, and one every thirty seconds when nothing changes.</summary>
internal sealed class LineView(Output output) : IProgressView
{
    /// <summary>Shorter than the silence after which CI systems take a job for dead.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(30);

    private readonly long startedAt = output.Time.GetTimestamp();
    private long spokenAt = output.Time.GetTimestamp();

    public Task While(Func<Task> follow) => follow();

    public void Changed(RunSummary run, RunBoard board)
    {
        var ended = board.Count - board.Unended.Count();
        Say($"[{ended}/{board.Count}] {RunText.State(run),-10} {PlainText.Line(run.TestId)}{Details(run)}");
    }

    public void Tick(RunBoard board)
    {
        if (output.Time.GetElapsedTime(spokenAt) >= LongestSilence)
            Say($"nothing changed for {DurationText.Of(output.Time.GetElapsedTime(spokenAt))}; {RunText.Totals([.. board.Runs])}");
    }

    public void Say(string message)
    {
        spokenAt = output.Time.GetTimestamp();
        output.Say($"{DurationText.Of(output.Time.GetElapsedTime(startedAt)),6}  {message}");
    }

    private static string Details(RunSummary run)
    {
        var where = run.WorkerId is { } worker ? $" on {PlainText.Line(worker)}" : "";
        var attempt = run.Attempt > 1 ? $" (attempt {run.Attempt})" : "";
        var times = RunStates.IsTerminal(run.State) && run.StartedAt is not null
            ? $", waited {DurationText.Of(run.WaitSeconds)}, ran {DurationText.Of(run.RunSeconds)}"
            : "";
        var why = run.State is RunStates.Completed or RunStates.Running or RunStates.Assigned ? "" : RunText.Why(run);
        return where + attempt + times + (why.Length > 0 ? $": {why}" : "");
    }
}
