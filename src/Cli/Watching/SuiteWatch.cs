using LoadBalancer.Cli.Api;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Watching;

/// <summary>Watches runs to their end and says how they ended: table or JSON, JUnit, exit code.</summary>
internal sealed class SuiteWatch(SchedulerClient client, Output output)
{
    /// <summary>For what is still asked of the scheduler after an interruption.</summary>
    private static readonly TimeSpan ReportGrace = TimeSpan.FromSeconds(5);

    /// <summary>Shown beside the bar.</summary>
    public required string Title { get; init; }

    public required IReadOnlyList<RunQuery> Queries { get; init; }

    /// <summary>Where the JUnit report goes; null writes none.</summary>
    public string? JUnitPath { get; init; }

    /// <summary>The number of failures that cancels the rest; null goes on to the end.</summary>
    public int? FailFast { get; init; }

    /// <summary>Whether the runs outlive this process, so that an interruption only detaches.</summary>
    public bool RunsGoOn { get; init; } = true;

    /// <summary>Runs whose last attempt may have ended as skipped, which a list does not tell.</summary>
    public Func<RunSummary, bool> MaybeSkipped { get; init; } = static _ => false;

    /// <inheritdoc cref="RunWatcher.WhenListening"/>
    public Func<CancellationToken, Task>? WhenListening { get; init; }

    /// <summary>Watches the board's runs and reports. The exit code is by the runs.</summary>
    /// <exception cref="OperationCanceledException">Interrupted; what was known is reported.</exception>
    public async Task<int> Run(RunBoard board, CancellationToken cancel)
    {
        try
        {
            await Follow(board, cancel);
        }
        catch (Exception e) when (e is OperationCanceledException or LbException)
        {
            await ReportUnended(board);
            if (RunsGoOn && e is OperationCanceledException && Queries is [{ Suite: { } suite }, ..])
                output.Say($"detached; the runs go on\n  lb watch {suite}\n  lb cancel --suite {suite}");
            throw;
        }

        var evidence = await RunEvidence.Collect(client, board.Runs, MaybeSkipped, cancel);
        WriteJUnit(evidence);
        if (output.Json) output.WriteJson(new RunPage { Runs = [.. board.Runs] });
        else ResultTable.Write(output, evidence);
        return board.Runs.All(run => run.State == RunStates.Completed) ? ExitCode.Passed : ExitCode.TestsFailed;
    }

    private Task Follow(RunBoard board, CancellationToken cancel)
    {
        IProgressView view = output.Live ? new LiveView(output, Title) : new LineView(output);
        var failedFast = false;
        var watcher = new RunWatcher(client, board, Queries, view, output.Time)
        {
            WhenListening = WhenListening,
            AfterNews = async () =>
            {
                if (failedFast || board.Failures < FailFast || FailFast is null) return;
                failedFast = true;
                view.Say($"{board.Failures} failed: cancelling the rest");
                await CancelRest(board, $"stopped after {board.Failures} failures (--fail-fast {FailFast})", cancel);
            },
        };
        return watcher.Follow(endless: false, cancel);
    }

    private async Task CancelRest(RunBoard board, string reason, CancellationToken cancel)
    {
        foreach (var run in board.Unended.ToList())
        {
            try
            {
                await client.CancelRun(run.RunId, reason, cancel);
            }
            catch (LbException e) when (e.ExitCode == ExitCode.BadInput)
            {
                // It ended in the meantime; the next list says how.
            }
        }
    }

    private async Task ReportUnended(RunBoard board)
    {
        if (JUnitPath is null) return;

        using var grace = new CancellationTokenSource(ReportGrace, output.Time);
        try
        {
            WriteJUnit(await RunEvidence.Collect(client, board.Runs, MaybeSkipped, grace.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or LbException)
        {
            WriteJUnit([.. board.Runs.Select(run => new RunEvidence(run))]);
        }
    }

    private void WriteJUnit(IReadOnlyList<RunEvidence> evidence)
    {
        if (JUnitPath is null) return;

        JUnitReport.Write(JUnitPath, evidence, output.Time.GetUtcNow());
        output.Say($"wrote {JUnitPath}");
    }
}
