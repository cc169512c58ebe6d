using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Api;

/// <summary>From rows to what the API shows.</summary>
internal static class RunViews
{
    public static RunSummary Summary(TestRun run, DateTimeOffset now) => new()
    {
        RunId = run.CorrelationId,
        TestId = run.TestId,
        Suite = run.Suite,
        Submitter = run.Submitter,
        TestType = run.TestType,
        Priority = run.Priority,
        State = run.CurrentState,
        Attempt = run.Attempt,
        WorkerId = run.WorkerId,
        FailureKind = run.FailureKind,
        Error = run.Error,
        Reason = run.Reason,
        SubmittedAt = run.SubmittedAt,
        StartedAt = run.StartedAt,
        EndedAt = run.EndedAt,
        WaitSeconds = Seconds((run.StartedAt ?? run.EndedAt ?? now) - run.SubmittedAt),
        RunSeconds = run.DurationSeconds ?? (run.StartedAt is { } started ? Seconds((run.EndedAt ?? now) - started) : null),
        Sequence = run.Sequence,
    };

    public static RunDetail Detail(
        TestRun run, IReadOnlyList<DecisionRow> decisions, IReadOnlyList<OutcomeRow> outcomes, IReadOnlyList<ChangeRow> timeline, DateTimeOffset now)
    {
        var summary = Summary(run, now);
        return new RunDetail
        {
            RunId = summary.RunId,
            TestId = summary.TestId,
            Suite = summary.Suite,
            Submitter = summary.Submitter,
            TestType = summary.TestType,
            Priority = summary.Priority,
            State = summary.State,
            Attempt = summary.Attempt,
            WorkerId = summary.WorkerId,
            FailureKind = summary.FailureKind,
            Error = summary.Error,
            Reason = summary.Reason,
            SubmittedAt = summary.SubmittedAt,
            StartedAt = summary.StartedAt,
            EndedAt = summary.EndedAt,
            WaitSeconds = summary.WaitSeconds,
            RunSeconds = summary.RunSeconds,
            Sequence = summary.Sequence,
            Submission = run.Submission ?? new SubmitTest { TestId = run.TestId },
            Attempts = [.. decisions.Select(decision => Attempt(run, decision, outcomes.FirstOrDefault(o => o.Accepted && o.Attempt == decision.Attempt)))],
            Timeline = [.. timeline.Select(change => change.ToChange())],
        };
    }

    public static DecisionView Decision(DecisionRow row) => new()
    {
        Attempt = row.Attempt,
        WorkerId = row.WorkerId,
        Policy = row.Policy,
        Reason = row.Reason,
        DecidedAt = row.DecidedAt,
        PredictedP50Seconds = row.PredictedSeconds,
        PredictedP90Seconds = row.PredictedP90Seconds,
        Devices = row.Devices,
        Score = row.Score,
        Alternatives = row.Alternatives,
        Refusals = row.Refusals,
    };

    public static string Verdict(TestRun run) => run.CurrentState switch
    {
        RunStates.Assigned => $"assigned to {run.WorkerId}: {run.Reason}",
        RunStates.Running => $"runs on {run.WorkerId}",
        _ when run.Attempt > 0 => $"ended after attempt {run.Attempt} on {run.WorkerId}: {run.Reason}",
        _ => $"never started: {run.Reason}",
    };

    private static AttemptView Attempt(TestRun run, DecisionRow decision, OutcomeRow? outcome)
    {
        var current = decision.Attempt == run.Attempt;
        return new AttemptView
        {
            Attempt = decision.Attempt,
            WorkerId = decision.WorkerId,
            AssignedAt = decision.DecidedAt,
            StartedAt = outcome?.StartedAt ?? (current ? run.StartedAt : null),
            EndedAt = outcome?.EndedAt,
            Outcome = outcome?.Outcome,
            ExitCode = outcome?.ExitCode,
            DurationSeconds = outcome?.Outcome is null ? null : outcome.DurationSeconds,
            Error = outcome?.Error,
            Devices = decision.Devices,
            Reason = decision.Reason,
        };
    }

    private static double Seconds(TimeSpan span) => Math.Max(0, Math.Round(span.TotalSeconds, 3));
}
