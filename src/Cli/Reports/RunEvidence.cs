using LoadBalancer.Cli.Api;
using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Reports;

/// <summary>A run with what its lines in a report need beyond the list: its output, and whether it was skipped.</summary>
internal sealed record RunEvidence(RunSummary Run, RunOutput? Output = null, bool Skipped = false)
{
    /// <summary>Outputs that are fetched for one report; the rest stay with the scheduler.</summary>
    public const int MaxOutputs = 200;

    private const int Parallel = 8;

    public string OutputText => Output is null ? "" : Joined(Output);

    /// <summary>The kept beginning and end as one text that says where it was cut.</summary>
    public static string Joined(RunOutput output) =>
        output.Tail.Length == 0 ? output.Head : $"{output.Head.TrimEnd('\n')}\n[... the middle of the output was not kept ...]\n{output.Tail}";

    /// <summary>Fetches the output of failed runs, and the outcome of those that <paramref name="maybeSkipped"/> names.</summary>
    public static async Task<IReadOnlyList<RunEvidence>> Collect(
        SchedulerClient client, IEnumerable<RunSummary> runs, Func<RunSummary, bool> maybeSkipped, CancellationToken cancel)
    {
        var evidence = runs.Select(run => new RunEvidence(run)).ToArray();
        var failed = evidence.Index().Where(item => RunBoard.Failed(item.Item.Run) && item.Item.Run.Attempt > 0).Take(MaxOutputs);
        var unsure = evidence.Index().Where(item => item.Item.Run.State == RunStates.Completed && maybeSkipped(item.Item.Run));
        await System.Threading.Tasks.Parallel.ForEachAsync(
            failed.Concat(unsure).ToList(),
            new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancel },
            async (item, token) => evidence[item.Index] = await Complete(client, item.Item, token));
        return evidence;
    }

    private static async ValueTask<RunEvidence> Complete(SchedulerClient client, RunEvidence evidence, CancellationToken cancel)
    {
        if (RunBoard.Failed(evidence.Run))
            return evidence with { Output = await client.FindOutput(evidence.Run.RunId, attempt: null, cancel) };

        var detail = await client.FindRun(evidence.Run.RunId, cancel);
        return evidence with { Skipped = detail?.Attempts is [.., { Outcome: TestOutcome.Skipped }] };
    }
}
