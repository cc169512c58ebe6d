using System.Globalization;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Api;

/// <summary>What is asked about runs, answered from the database.</summary>
internal static class RunQueries
{
    private const int MostRuns = 1_000;
    private const int UsualRuns = 100;

    private static readonly string[] States =
    [
        RunStates.Submitted, RunStates.Assigned, RunStates.Running, RunStates.Requeued, RunStates.Completed, RunStates.Failed, RunStates.Cancelled,
    ];

    public static async Task<IResult> ListAsync(
        [AsParameters] RunFilter filter, SchedulerDbContext database, TimeProvider time, CancellationToken cancellationToken)
    {
        var (suite, state, testId, limit, after, order) = filter;
        if (limit is { } given && given is < 1 or > MostRuns)
            return BadRequests.Refuse("limit", $"{given}", $"is not from 1 to {MostRuns}");
        if (state is not null && !States.Contains(state))
            return BadRequests.Refuse("state", state, $"is none of {string.Join(", ", States)}");
        if (order is not (null or "oldest" or "newest"))
            return BadRequests.Refuse("order", order, "is neither 'oldest' nor 'newest'");

        var runs = database.Runs.AsNoTracking();
        if (suite is not null)
            runs = runs.Where(run => run.Suite == suite);
        if (state is not null)
            runs = runs.Where(run => run.CurrentState == state);
        if (testId is not null)
            runs = runs.Where(run => run.TestId == testId);
        var newest = order == "newest";
        var skip = 0;
        if (after is not null)
        {
            if (PageMark.Parse(after) is not { } mark)
                return BadRequests.Refuse("after", after, "is not a mark that an earlier page gave as 'next'");
            runs = newest
                ? runs.Where(run => run.SubmittedAt <= mark.SubmittedAt)
                : runs.Where(run => run.SubmittedAt >= mark.SubmittedAt);
            skip = mark.Skip;
        }

        var size = limit ?? UsualRuns;
        var ordered = newest
            ? runs.OrderByDescending(run => run.SubmittedAt).ThenByDescending(run => run.CorrelationId)
            : runs.OrderBy(run => run.SubmittedAt).ThenBy(run => run.CorrelationId);
        var page = await ordered.Skip(skip).Take(size + 1).ToListAsync(cancellationToken);
        var now = time.GetUtcNow();
        return Results.Ok(new RunPage
        {
            Runs = [.. page.Take(size).Select(run => RunViews.Summary(run, now))],
            Next = page.Count > size ? PageMark.After(page.Take(size).ToList(), after).ToString() : null,
        });
    }

    public static async Task<IResult> GetAsync(Guid runId, SchedulerDbContext database, TimeProvider time, CancellationToken cancellationToken)
    {
        // The run first: what is read after it is at least as new, so a run that has ended shows how.
        var run = await FindAsync(database, runId, cancellationToken);
        var timeline = await database.Changes.AsNoTracking().Where(change => change.RunId == runId).OrderBy(change => change.Id).ToListAsync(cancellationToken);
        if (run is null)
            return Unknown(runId, timeline);

        var decisions = await database.Decisions.AsNoTracking().Where(decision => decision.RunId == runId).OrderBy(decision => decision.Attempt).ToListAsync(cancellationToken);
        var outcomes = await database.Outcomes.AsNoTracking().Where(outcome => outcome.RunId == runId).ToListAsync(cancellationToken);
        return Results.Ok(RunViews.Detail(run, decisions, outcomes, timeline, time.GetUtcNow()));
    }

    public static async Task<IResult> ExplainAsync(
        Guid runId, SchedulerDbContext database, Dispatcher dispatcher, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await FindAsync(database, runId, cancellationToken) is not { } run)
            return Unknown(runId, []);

        var decisions = await database.Decisions.AsNoTracking().Where(decision => decision.RunId == runId).OrderBy(decision => decision.Attempt).ToListAsync(cancellationToken);
        var explanation = new RunExplanation
        {
            RunId = runId,
            State = run.CurrentState,
            Verdict = RunViews.Verdict(run),
            Decisions = [.. decisions.Select(RunViews.Decision)],
        };
        if (!run.IsWaiting)
            return Results.Ok(explanation);

        var waits = await dispatcher.AskAsync(planner => planner.Explain(Demands.Of(run), time.GetUtcNow()), cancellationToken);
        return Results.Ok(explanation with
        {
            Verdict = waits.Verdict,
            Funnel = [.. waits.Funnel.Select(step => new FunnelStep(step.Name, step.Workers))],
            Blocker = waits.Blocker,
            Relaxation = waits.Relaxation?.Text,
            Hints = waits.Hints,
            EtaP50Seconds = waits.Eta?.P50.TotalSeconds,
            EtaP90Seconds = waits.Eta?.P90.TotalSeconds,
        });
    }

    public static async Task<IResult> OutputAsync(Guid runId, int? attempt, SchedulerDbContext database, CancellationToken cancellationToken)
    {
        var outcome = await database.Outcomes.AsNoTracking()
            .Where(outcome => outcome.RunId == runId && outcome.Accepted && (attempt == null || outcome.Attempt == attempt))
            .OrderByDescending(outcome => outcome.Attempt)
            .FirstOrDefaultAsync(cancellationToken);
        if (outcome is not null)
            return Results.Ok(new RunOutput { Attempt = outcome.Attempt, Head = outcome.OutputHead, Tail = outcome.OutputTail });

        return await FindAsync(database, runId, cancellationToken) is null
            ? Unknown(runId, [])
            : Results.Problem(statusCode: StatusCodes.Status404NotFound, title: "No output yet", detail: "A worker reports the output when the attempt has ended.");
    }

    public static async Task<IResult> SuiteAsync(string suite, SchedulerDbContext database, CancellationToken cancellationToken)
    {
        var states = await database.Runs.Where(run => run.Suite == suite)
            .GroupBy(run => run.CurrentState)
            .Select(group => new { State = group.Key, Count = group.Count() })
            .ToDictionaryAsync(group => group.State, group => group.Count, cancellationToken);
        return states.Count == 0
            ? Results.Problem(statusCode: StatusCodes.Status404NotFound, title: "No such suite", detail: $"No run was submitted in suite '{suite}'.")
            : Results.Ok(new SuiteView { Suite = suite, Total = states.Values.Sum(), States = states, Ended = states.Keys.All(RunStates.IsTerminal) });
    }

    private static Task<TestRun?> FindAsync(SchedulerDbContext database, Guid runId, CancellationToken cancellationToken) =>
        database.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.CorrelationId == runId, cancellationToken);

    private static IResult Unknown(Guid runId, IReadOnlyList<ChangeRow> changes) =>
        changes is [.., { State: RunStates.Refused } refusal]
            ? Results.Problem(statusCode: StatusCodes.Status404NotFound, title: "The submission was refused", detail: refusal.Reason)
            : Results.Problem(statusCode: StatusCodes.Status404NotFound, title: "No such run", detail: $"No run {runId} was submitted.");
}

/// <summary>Which runs are listed, and in which order: <c>oldest</c> first, or <c>newest</c>.</summary>
internal sealed record RunFilter(string? Suite, string? State, string? TestId, int? Limit, string? After, string? Order);

/// <summary>Where a page ended: how many runs of one instant it has shown.</summary>
internal sealed record PageMark(DateTimeOffset SubmittedAt, int Skip)
{
    public static PageMark After(IReadOnlyList<TestRun> page, string? previous)
    {
        var last = page[^1].SubmittedAt;
        var shown = page.Count(run => run.SubmittedAt == last);
        return new PageMark(last, previous is not null && Parse(previous) is { } mark && mark.SubmittedAt == last ? mark.Skip + shown : shown);
    }

    public static PageMark? Parse(string text)
    {
        var parts = text.Split('-');
        return parts.Length == 2 &&
            long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks &&
            int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var skip)
            ? new PageMark(new DateTimeOffset(ticks, TimeSpan.Zero), skip)
            : null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{SubmittedAt.UtcTicks}-{Skip}");
}
