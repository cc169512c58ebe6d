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
    /// <exception cref="NotCancelledException">All were asked, and some could not be.</exception>
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

        var failed = await events.RaiseAllAsync(runs.Select(run => new CancelRequested(run, Storable(reason))), cancellationToken);
        return failed.Count == 0 ? runs.Count : throw new NotCancelledException(failed.Count, failed[0].Happened.RunId, failed[0].Problem.GetBaseException().Message);
    }

    private static string Storable(string reason) => StorableText.Clean(StorableText.Start(reason, LongestReason));
}

/// <summary>The other runs of the suite were cancelled.</summary>
internal sealed class NotCancelledException(int count, Guid first, string problem) :
    Exception($"{count} runs of the suite could not be cancelled, {first} because of this: {problem}");
