using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Persistence;

/// <summary>A stored row that this scheduler cannot read: of another version, or changed by hand.</summary>
internal sealed class UnreadableRunException(Guid runId, Exception problem) :
    Exception($"run {runId} cannot be read as it is stored: {problem.GetBaseException().Message}");

/// <summary>Reads many runs by few queries. One that cannot be read takes none of the others with it.</summary>
internal static class ReadableRuns
{
    /// <param name="database">Where they are stored.</param>
    /// <param name="runs">Those that are wanted, in their order.</param>
    /// <param name="unreadable">Is told of each that is left out.</param>
    /// <param name="cancellationToken">Ends the wait for the database.</param>
    public static async Task<List<TestRun>> ReadAsync(
        SchedulerDbContext database, IQueryable<TestRun> runs, Action<Guid, UnreadableRunException> unreadable, CancellationToken cancellationToken)
    {
        try
        {
            return await runs.ToListAsync(cancellationToken);
        }
        catch (Exception exception) when (IsOfOneRun(exception, cancellationToken))
        {
            var ids = await runs.Select(run => run.CorrelationId).ToListAsync(cancellationToken);
            var readable = (await ReadAsync(database, ids, unreadable, cancellationToken)).ToDictionary(run => run.CorrelationId);
            return [.. ids.Where(readable.ContainsKey).Select(id => readable[id])];
        }
    }

    /// <returns>Those that are stored and can be read, in any order.</returns>
    public static async Task<List<TestRun>> ReadAsync(
        SchedulerDbContext database, IReadOnlyList<Guid> ids, Action<Guid, UnreadableRunException> unreadable, CancellationToken cancellationToken)
    {
        try
        {
            return await database.Runs.AsNoTracking().Where(run => ids.Contains(run.CorrelationId)).ToListAsync(cancellationToken);
        }
        catch (Exception exception) when (ids.Count == 1 && IsOfOneRun(exception, cancellationToken))
        {
            unreadable(ids[0], new UnreadableRunException(ids[0], exception));
            return [];
        }
        catch (Exception exception) when (ids.Count > 1 && IsOfOneRun(exception, cancellationToken))
        {
            // Halves find it with few queries, however many others there are.
            var half = ids.Count / 2;
            return
            [
                .. await ReadAsync(database, [.. ids.Take(half)], unreadable, cancellationToken),
                .. await ReadAsync(database, [.. ids.Skip(half)], unreadable, cancellationToken),
            ];
        }
    }

    /// <summary>False for what would befall every run.</summary>
    private static bool IsOfOneRun(Exception exception, CancellationToken cancellationToken) =>
        !DatabaseTrouble.IsAway(exception) && !cancellationToken.IsCancellationRequested;
}
