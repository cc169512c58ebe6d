using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Api;

/// <summary>
/// <c>GET /api/events</c>: every change from now on, or from <c>Last-Event-ID</c>. Rows are numbered before they commit, so a lower
/// number may become visible after a higher one: the last numbers are looked at again, and each is told once per connection.
/// </summary>
internal static class EventStream
{
    private const int Overlap = 1_000;
    private const int Batch = 500;
    private static readonly TimeSpan SafetyTick = TimeSpan.FromSeconds(1);

    public static async Task<IResult> FollowAsync(
        HttpContext http, string? suite, IServiceScopeFactory scopes, RunCommits commits, CancellationToken cancellationToken)
    {
        var given = http.Request.Headers["Last-Event-ID"].ToString();
        long from = 0;
        if (given.Length > 0 && !long.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out from))
            return BadRequests.Refuse("Last-Event-ID", given, "is not the id of an event");
        if (given.Length == 0)
            from = await NewestAsync(scopes, cancellationToken);
        return TypedResults.ServerSentEvents(ChangesAsync(from, suite, scopes, commits, cancellationToken));
    }

    private static async IAsyncEnumerable<SseItem<TestRunChange>> ChangesAsync(
        long from, string? suite, IServiceScopeFactory scopes, RunCommits commits, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var woken = new SemaphoreSlim(1, 1);
        void Wake(RunsCommitted committed) => Release(woken);
        commits.Listen(Wake);
        try
        {
            var told = new SortedSet<long>();
            var (floor, newest) = (from, from);
            while (!cancellationToken.IsCancellationRequested)
            {
                var above = Math.Max(floor, newest - Overlap);
                var (changes, last) = await NextAsync(above, suite, scopes, cancellationToken);
                foreach (var change in changes.Where(change => told.Add(change.Id)))
                    yield return new SseItem<TestRunChange>(change.ToChange(), "change") { EventId = change.Id.ToString(CultureInfo.InvariantCulture) };

                // Numbers have gaps, so there may be more behind fewer rows; one look too many finds nothing newer and waits.
                var more = last > newest && last - above >= Overlap + Batch;
                newest = Math.Max(newest, last);
                told.RemoveWhere(id => id <= newest - Overlap);
                if (!more)
                    await woken.WaitAsync(SafetyTick, cancellationToken);
            }
        }
        finally
        {
            commits.StopListening(Wake);
        }
    }

    /// <summary>
    /// The next changes and the last number looked at. Also where a suite is followed, that number moves on with the changes of all: what
    /// is read is bounded, however long nothing of the suite has changed.
    /// </summary>
    private static async Task<(List<ChangeRow> Changes, long Last)> NextAsync(
        long above, string? suite, IServiceScopeFactory scopes, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var changes = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Changes.AsNoTracking();
        var next = changes.Where(change => change.Id > above).OrderBy(change => change.Id).Take(Overlap + Batch);
        if (suite is null)
        {
            var rows = await next.ToListAsync(cancellationToken);
            return (rows, rows.Count == 0 ? above : rows[^1].Id);
        }

        var last = await next.MaxAsync(change => (long?)change.Id, cancellationToken) ?? above;
        var ofSuite = changes.Where(change => change.Id > above && change.Id <= last && change.Suite == suite);
        return (await ofSuite.OrderBy(change => change.Id).ToListAsync(cancellationToken), last);
    }

    private static async Task<long> NewestAsync(IServiceScopeFactory scopes, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Changes.MaxAsync(change => (long?)change.Id, cancellationToken) ?? 0;
    }

    private static void Release(SemaphoreSlim woken)
    {
        try
        {
            woken.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
        catch (ObjectDisposedException)
        {
            // The connection has just ended.
        }
    }
}
