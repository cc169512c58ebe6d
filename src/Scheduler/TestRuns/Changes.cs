using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.History;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>What is announced of a run.</summary>
internal static class Changes
{
    public static ChangeRow ToRow(TestRun run, string state, string reason, DateTimeOffset now) => new()
    {
        RunId = run.CorrelationId,
        Sequence = run.Sequence,
        TestId = run.TestId,
        TestType = run.TestType,
        Suite = run.Suite,
        Submitter = run.Submitter,
        State = state,
        Attempt = run.Attempt,
        WorkerId = run.WorkerId,
        FailureKind = run.FailureKind,
        Error = run.Error,
        DurationSeconds = run.DurationSeconds,
        At = now,
        Reason = reason,
    };

    /// <summary>The answer to a submission that started no run. Its fields may be what was wrong with it, so they are made storable.</summary>
    public static ChangeRow Refusal(Guid runId, SubmitTest? test, string reason, DateTimeOffset now) => new()
    {
        RunId = runId,
        TestId = Storable(test?.TestId),
        TestType = Storable(test?.TestType),
        Suite = Storable(test?.Suite),
        Submitter = Storable(test?.Submitter),
        State = RunStates.Refused,
        At = now,
        Reason = StorableText.Clean(reason),
    };

    private static string Storable(string? text) =>
        text is null ? "" : StorableText.Clean(StorableText.Start(text, LongestName));

    private const int LongestName = 256;
}
