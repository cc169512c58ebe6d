using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LoadBalancer.Cli.Watching;

/// <summary>One block that is drawn over itself: bar, counts, a line per busy worker, the latest failures and messages.</summary>
internal sealed class LiveView(Output output, string title) : IProgressView
{
    private static readonly TimeSpan ShortestRedraw = TimeSpan.FromMilliseconds(100);

    private const int BarWidth = 40;
    private const int MaxWorkers = 12;
    private const int MaxFailures = 5;

    private readonly long startedAt = output.Time.GetTimestamp();
    private long drawnAt = long.MinValue;
    private LiveDisplayContext? context;
    private string message = "";

    public Task While(Func<Task> follow) => output.Progress.Live(new Text("")).AutoClear(true).StartAsync(async live =>
    {
        context = live;
        await follow();
    });

    public void Changed(RunSummary run, RunBoard board) => Draw(board);

    public void Tick(RunBoard board) => Draw(board);

    public void Say(string message) => this.message = message;

    private void Draw(RunBoard board)
    {
        if (context is null || (drawnAt != long.MinValue && output.Time.GetElapsedTime(drawnAt) < ShortestRedraw)) return;

        drawnAt = output.Time.GetTimestamp();
        context.UpdateTarget(Block(board));
        context.Refresh();
    }

    internal IRenderable Block(RunBoard board)
    {
        var runs = board.Runs.ToList();
        var ended = runs.Count(RunBoard.HasEnded);
        var filled = runs.Count == 0 ? 0 : BarWidth * ended / runs.Count;
        var elapsed = DurationText.Of(output.Time.GetElapsedTime(startedAt));
        List<IRenderable> lines =
        [
            Line($"{title}  {new string('█', filled)}{new string('░', BarWidth - filled)}  {ended}/{runs.Count}  {elapsed}"),
            Line(RunText.Totals(runs)),
            .. Workers(runs),
            .. runs.Where(RunBoard.Failed).TakeLast(MaxFailures).Select(Failure),
        ];
        if (message.Length > 0) lines.Add(Line(message));
        return new Rows(lines);
    }

    private IEnumerable<IRenderable> Workers(List<RunSummary> runs)
    {
        var busy = runs
            .Where(run => run is { State: RunStates.Running, WorkerId: not null })
            .GroupBy(run => run.WorkerId!)
            .OrderBy(worker => worker.Key, StringComparer.Ordinal)
            .ToList();
        foreach (var worker in busy.Take(MaxWorkers))
            yield return Line($"  {worker.Key}  {string.Join(", ", worker.OrderBy(run => run.StartedAt).Select(Running))}");
        if (busy.Count > MaxWorkers) yield return Line($"  and {busy.Count - MaxWorkers} more workers");
    }

    private string Running(RunSummary run)
    {
        var since = run.StartedAt is { } start ? output.Time.GetUtcNow() - start : TimeSpan.Zero;
        return $"{run.TestId} {DurationText.Of(since > TimeSpan.Zero ? since : TimeSpan.Zero)}";
    }

    private Text Failure(RunSummary run) => Line($"  {RunText.State(run)}  {run.TestId}  {RunText.Why(run)}", new Style(Color.Red));

    /// <summary>One line of the screen: a block that grows and shrinks by wrapped lines is hard to read.</summary>
    private Text Line(string text, Style? style = null)
    {
        var (line, width) = (PlainText.Line(text), output.Progress.Profile.Width);
        return new Text(line.Length > width ? $"{line[..(width - 1)]}…" : line, style);
    }
}
