using LoadBalancer.Contracts;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>What follows from the end of an attempt. A pure function of the run, the end, and the budgets.</summary>
internal abstract record RetryDecision
{
    public sealed record Complete(string Reason) : RetryDecision;

    public sealed record Retry(string Reason, Budget Spent) : RetryDecision;

    public sealed record GiveUp(string FailureKind, string Error) : RetryDecision;

    public sealed record Cancel(string Reason) : RetryDecision;

    /// <summary>The budget that a retry is charged to.</summary>
    public enum Budget
    {
        /// <summary>Nothing: the run is not to blame, nor is the worker.</summary>
        None,

        /// <summary>The submitter's <c>retries</c>.</summary>
        Retries,

        /// <summary><see cref="SchedulerOptions.MaxInfrastructureAttempts"/>.</summary>
        Infrastructure,
    }

    /// <summary>After a report of the worker that holds the attempt.</summary>
    public static RetryDecision After(TestRun run, TestFinished report, SchedulerOptions options)
    {
        if (report.Outcome is TestOutcome.Passed)
            return new Complete("passed");
        if (report.Outcome is TestOutcome.Skipped)
            return new Complete("skipped by the test");
        if (run.CancelReason is { } cancelled)
            return new Cancel(cancelled);

        return report.Outcome switch
        {
            TestOutcome.TimedOut => TestEnded(run, FailureKinds.TimedOut, $"timed out after {run.Submission?.TimeoutSeconds:0.###} s on {run.WorkerId}"),
            TestOutcome.OutOfMemory => TestEnded(run, FailureKinds.TestFailed, Described($"ran out of memory on {run.WorkerId}", report)),
            TestOutcome.Stopped when run.Overdue => TestEnded(
                run, FailureKinds.TimedOut, $"did not end within its timeout of {run.Submission?.TimeoutSeconds:0.###} s on {run.WorkerId} and was stopped"),
            TestOutcome.Stopped when MustNotBeRepeated(run) => NotRepeated(Described($"stopped by {run.WorkerId}", report)),
            TestOutcome.Stopped => new Retry(Described($"stopped by {run.WorkerId}", report), Budget.None),
            TestOutcome.WorkerError => InfrastructureEnded(run, FailureKinds.WorkerError, Described($"{run.WorkerId} could not run it", report), options),
            _ => TestEnded(run, FailureKinds.TestFailed, Described(
                report.ExitCode is { } code ? $"failed with exit code {code} on {run.WorkerId}" : $"failed on {run.WorkerId}", report)),
        };
    }

    /// <summary>After the end of the session that held the attempt.</summary>
    public static RetryDecision After(TestRun run, WorkerLost lost, SchedulerOptions options)
    {
        if (run.CancelReason is { } cancelled)
            return new Cancel(cancelled);
        if (MustNotBeRepeated(run))
            return NotRepeated(lost.Reason);
        if (run.CurrentState == RunStates.Assigned || lost.ByOutage)
            return new Retry(lost.Reason, Budget.None);

        return InfrastructureEnded(run, FailureKinds.WorkerLost, lost.Reason, options);
    }

    /// <summary>After a round in which no registered worker could ever run it.</summary>
    public static RetryDecision After(TestRun run, RunImpossible impossible, SchedulerOptions options) =>
        run.ImpossibleRounds + 1 < options.MaxRequeueAttempts
            ? new Retry(impossible.Reason, Budget.None)
            : new GiveUp(FailureKinds.Unschedulable, $"no worker could take it in {options.MaxRequeueAttempts} rounds: {impossible.Reason}");

    private static bool MustNotBeRepeated(TestRun run) =>
        run.CurrentState == RunStates.Running && run.Submission is { RequeueOnWorkerLoss: false };

    private static GiveUp NotRepeated(string what) =>
        new(FailureKinds.WorkerLost, $"{what}, and this test must not be repeated (requeueOnWorkerLoss is false)");

    private static RetryDecision TestEnded(TestRun run, string kind, string error)
    {
        var retries = run.Submission?.Retries ?? 0;
        return run.RetriesUsed < retries
            ? new Retry($"{error}; retry {run.RetriesUsed + 1} of {retries}", Budget.Retries)
            : new GiveUp(kind, error);
    }

    private static RetryDecision InfrastructureEnded(TestRun run, string kind, string error, SchedulerOptions options)
    {
        if (run.InfrastructureFailures + 1 < options.MaxInfrastructureAttempts)
            return new Retry($"{error}; attempt {run.InfrastructureFailures + 1} of {options.MaxInfrastructureAttempts} lost to infrastructure", Budget.Infrastructure);

        var workers = string.Join(", ", run.FailedOn.Append(run.WorkerId ?? "an unknown worker"));
        return new GiveUp(kind, $"{error}; {options.MaxInfrastructureAttempts} attempts were lost to infrastructure, on {workers}");
    }

    private static string Described(string what, TestFinished report) =>
        string.IsNullOrWhiteSpace(report.Error) ? what : $"{what}: {report.Error}";
}
