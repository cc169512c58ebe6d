using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.History;

/// <summary>The accepted outcome of an attempt, if it is stored.</summary>
internal delegate Task<IReadOnlyList<OutcomeRow>> FindOutcomes(Guid runId, int attempt);

/// <summary>From the end of an attempt to a row, and from a row to what it teaches.</summary>
internal static class Outcomes
{
    /// <summary>Reads what the database has.</summary>
    public static FindOutcomes In(IServiceScopeFactory scopes) => async (runId, attempt) =>
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Outcomes.AsNoTracking()
            .Where(outcome => outcome.RunId == runId && outcome.Attempt == attempt && outcome.Accepted)
            .ToListAsync();
    };

    public static OutcomeRow Accepted(TestRun run, AttemptEvent ended, DateTimeOffset now)
    {
        var row = Describe(run, ended, now);
        row.Accepted = true;
        row.StartedAt = run.StartedAt;
        row.WorkerClass = run.WorkerClass ?? "";
        if (ended is WorkerLost lost)
            row.Error = lost.Reason;
        return row;
    }

    public static OutcomeRow Evidence(TestRun run, AttemptFinished late, DateTimeOffset now) => Describe(run, late, now);

    /// <summary>The last outcomes, oldest first, with what <see cref="ToLesson"/> needs of them: what the tests wrote stays where it is.</summary>
    public static async Task<List<OutcomeRow>> LatestAsync(SchedulerDbContext database, int count, CancellationToken cancellationToken)
    {
        var latest = await database.Outcomes.AsNoTracking()
            .OrderByDescending(outcome => outcome.Id)
            .Take(count)
            .Select(outcome => new OutcomeRow
            {
                Id = outcome.Id,
                TestId = outcome.TestId,
                TestType = outcome.TestType,
                ModelId = outcome.ModelId,
                ModelFamily = outcome.ModelFamily,
                WorkerClass = outcome.WorkerClass,
                WorkerId = outcome.WorkerId,
                WorkspaceRevision = outcome.WorkspaceRevision,
                PrepareSeconds = outcome.PrepareSeconds,
                ExpectedSeconds = outcome.ExpectedSeconds,
                DurationSeconds = outcome.DurationSeconds,
                Outcome = outcome.Outcome,
                Accepted = outcome.Accepted,
            })
            .ToListAsync(cancellationToken);
        latest.Reverse();
        return latest;
    }

    /// <summary>Null for what teaches nothing: evidence.</summary>
    public static RunOutcome? ToLesson(OutcomeRow row) => !row.Accepted ? null : new RunOutcome
    {
        TestId = row.TestId,
        TestType = row.TestType,
        ModelId = row.ModelId,
        ModelFamily = row.ModelFamily,
        WorkerClass = row.WorkerClass,
        WorkerId = row.WorkerId,
        WorkspaceRevision = row.WorkspaceRevision ?? "",
        PrepareTime = TimeSpan.FromSeconds(row.PrepareSeconds),
        ExpectedDuration = row.ExpectedSeconds is { } expected ? TimeSpan.FromSeconds(expected) : null,
        Duration = TimeSpan.FromSeconds(row.DurationSeconds),
        Verdict = row.Outcome switch
        {
            TestOutcome.Passed => RunVerdict.Passed,
            TestOutcome.Failed or TestOutcome.OutOfMemory => RunVerdict.Failed,
            TestOutcome.TimedOut => RunVerdict.TimedOut,
            TestOutcome.Stopped or TestOutcome.Skipped => RunVerdict.Cancelled,
            _ => RunVerdict.Lost,
        },
    };

    private static OutcomeRow Describe(TestRun run, AttemptEvent ended, DateTimeOffset now)
    {
        var row = new OutcomeRow
        {
            RunId = run.CorrelationId,
            Attempt = ended.Owner.Attempt,
            WorkerId = ended.Owner.WorkerId,
            SessionId = ended.Owner.SessionId,
            TestId = run.TestId,
            TestType = run.TestType,
            ModelId = run.Submission?.ModelId ?? "",
            ModelFamily = run.Submission?.ModelFamily ?? "",
            ExpectedSeconds = run.Submission?.ExpectedDurationSeconds,
            WorkspaceRevision = run.Submission?.Workspace?.Revision,
            EndedAt = now,
        };
        if (ended is AttemptFinished { Report: { } report })
            Measure(row, report);
        return row;
    }

    private static void Measure(OutcomeRow row, TestFinished report)
    {
        row.Outcome = report.Outcome;
        row.ExitCode = report.ExitCode;
        row.DurationSeconds = report.DurationSeconds;
        row.PrepareSeconds = report.PrepareSeconds;
        row.CpuSeconds = report.CpuSeconds;
        row.PeakMemoryGb = report.PeakMemoryGb;
        row.OutputHead = StorableText.Clean(report.OutputHead);
        row.OutputTail = StorableText.Clean(report.OutputTail);
        row.Error = report.Error is null ? null : StorableText.Clean(report.Error);
    }
}

/// <summary>PostgreSQL stores every character of a text but NUL, which a test's output may hold.</summary>
internal static class StorableText
{
    public static string Clean(string text) => text.Contains('\0') ? text.Replace('\0', '\u2400') : text;

    /// <summary>The first characters. A pair of surrogates is not cut in two: half of one cannot be stored either.</summary>
    public static string Start(string text, int length) =>
        text.Length <= length ? text : text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
}
