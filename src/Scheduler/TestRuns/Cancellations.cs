using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>Cancels runs, whoever asks.</summary>
internal sealed class Cancellations(TestRunEvents events, IServiceScopeFactory scopes)
{
    private const int LongestReason = 512;

    /// <summary>A run that is not known yet is remembered as cancelled.</summary>
    public Task<RunReply> CancelAsync(Guid runId, string reason, CancellationToken cancellationToken) =>
        events.RaiseAsync(new CancelRequested(runId, Storable(reason)), cancellationToken);

    /// <summary>The runs of the suite that are known now and have not ended.</summary>
    /// <returns>How many were asked to end.</returns>
    public async Task<int> CancelSuiteAsync(string suite, string reason, CancellationToken cancellationToken)
    {
        List<Guid> runs;
        await using (var scope = scopes.CreateAsyncScope())
        {
            runs = await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Runs
                .Where(run => run.Suite == suite && run.EndedAt == null)
                .Select(run => run.CorrelationId)
                .ToListAsync(cancellationToken);
        }

        foreach (var run in runs)
            await CancelAsync(run, reason, cancellationToken);
        return runs.Count;
    }

    private static string Storable(string reason) => StorableText.Clean(StorableText.Start(reason, LongestReason));
}
