using LoadBalancer.Cli.Terminals;

namespace LoadBalancer.Cli.Api;

/// <summary>The suites that the scheduler's latest runs belong to.</summary>
internal static class SuiteNames
{
    private const int RunsLookedThrough = 500;

    /// <summary>The error for a suite that has no runs; it offers the nearest that has.</summary>
    public static async Task<LbException> Unknown(SchedulerClient client, string suite, CancellationToken cancel)
    {
        var recent = await client.RunPage(new RunQuery(NewestFirst: true), RunsLookedThrough, after: null, cancel);
        var known = recent.Runs.Select(run => run.Suite).Where(name => name.Length > 0).Distinct();
        return LbException.BadInput($"suite \"{suite}\" has no runs{NearestName.Hint(suite, known)}; lb status lists the runs");
    }
}
