using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Api;

/// <summary>How people name a run: its id, the beginning or end of its id, or a test id, which means the test's latest run.</summary>
internal static class RunReference
{
    public const string Meaning = "Run id, its beginning or end (4 characters or more), or a test id: that test's latest run.";

    private const int MinFragment = 4;

    /// <summary>Runs that are looked through for a part of an id.</summary>
    private const int SearchLimit = 5_000;

    /// <exception cref="LbException">No run is meant, or several.</exception>
    public static async Task<Guid> Resolve(SchedulerClient client, string text, CancellationToken cancel)
    {
        if (Guid.TryParse(text, out var runId)) return runId;

        var ofTest = await client.RunPage(new RunQuery(TestId: text, NewestFirst: true), limit: 1, after: null, cancel);
        if (ofTest.Runs is [var latest, ..]) return latest.RunId;

        var recent = await client.Runs(new RunQuery(NewestFirst: true), cancel).Take(SearchLimit).ToListAsync(cancel);
        var matches = text.Length < MinFragment ? [] : recent.Where(run => HasFragment(run, text)).ToList();
        return matches switch
        {
            [var only] => only.RunId,
            [] => throw Unknown(text, recent),
            _ => throw LbException.BadInput($"\"{text}\" fits {matches.Count} runs: give more of the id\n"
                + string.Join('\n', matches.Take(10).Select(run => $"  {run.RunId}  {run.TestId}"))),
        };
    }

    public static LbException Unknown(Guid runId) => LbException.BadInput($"no run {runId}: lb status lists the runs");

    private static bool HasFragment(RunSummary run, string text)
    {
        var id = run.RunId.ToString();
        return id.StartsWith(text, StringComparison.OrdinalIgnoreCase) || id.EndsWith(text, StringComparison.OrdinalIgnoreCase);
    }

    private static LbException Unknown(string text, IEnumerable<RunSummary> recent) => LbException.BadInput(
        $"no run or test \"{text}\"{NearestName.Hint(text, recent.Select(run => run.TestId).Distinct())}; lb status lists the runs");
}
