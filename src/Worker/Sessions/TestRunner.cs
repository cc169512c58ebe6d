using System.Diagnostics.CodeAnalysis;
using LoadBalancer.Contracts;
using LoadBalancer.Worker.Executors;
using LoadBalancer.Worker.Reporting;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Sessions;

/// <summary>Brings each attempt that the session is handed to its end: waits for a slot, starts it, keeps and reports its result.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The semaphore has no wait handle, and may be released late.")]
internal sealed class TestRunner(
    Guid sessionId, int slots, AttemptLedger ledger, Lease lease, ExecutorSet executors, SessionReports reports, ILogger logger)
{
    private readonly SemaphoreSlim free = new(slots);

    /// <summary>Takes an attempt, or drops it when it is not this session's or not new.</summary>
    /// <returns>Completes when the attempt has started or will not start here.</returns>
    public Task TakeAsync(RunTest run)
    {
        if (run.SessionId != sessionId)
        {
            logger.AttemptOfOtherSession(run.RunId, run.Attempt, run.SessionId);
            return Task.CompletedTask;
        }

        var (answer, attempt) = ledger.Take(run);
        switch (answer)
        {
            case Intake.Taken:
                // On a thread of its own: an executor may work for a while before it first waits.
                _ = Task.Run(() => RunAsync(attempt!));
                return attempt!.Decided;
            case Intake.Closed:
                reports.Say(new TestRecalled { RunId = run.RunId, Attempt = run.Attempt, Started = false });
                return Task.CompletedTask;
            default:
                logger.AttemptKnown(run.RunId, run.Attempt);
                return Task.CompletedTask;
        }
    }

    private async Task RunAsync(TestAttempt attempt)
    {
        if (!await HasSlotAsync(attempt))
            return;

        try
        {
            // A lapsed lease means that another worker may be handed this run: the session is about to end.
            if (lease.IsLive && ledger.Start(attempt))
                await RunStartedAsync(attempt);
        }
        finally
        {
            ledger.End(attempt);
            free.Release();
        }
    }

    private async Task<bool> HasSlotAsync(TestAttempt attempt)
    {
        try
        {
            if (attempt.Run.StartsAfter is { } predecessor)
                await ledger.Ended(predecessor).WaitAsync(attempt.Ending);
            await free.WaitAsync(attempt.Ending);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task RunStartedAsync(TestAttempt attempt)
    {
        var run = attempt.Run;
        logger.AttemptStarted(run.RunId, run.Attempt, run.TestId);
        reports.Say(new TestStarted { RunId = run.RunId, Attempt = run.Attempt });
        var finished = Doubted(await ExecuteAsync(attempt));
        logger.AttemptFinished(run.RunId, run.Attempt, finished.Outcome, finished.Error);
        reports.Finish(finished);
    }

    /// <summary>Once the lease is over the guard may have killed the test, which says nothing against it; only a success stands.</summary>
    private TestFinished Doubted(TestFinished finished) =>
        lease.IsLive || finished.Outcome is TestOutcome.Passed or TestOutcome.Skipped or TestOutcome.Stopped
            ? finished
            : finished with { Outcome = TestOutcome.Stopped, ExitCode = null, Error = "it ended after the session's lease, perhaps by the guard" };

    private async Task<TestFinished> ExecuteAsync(TestAttempt attempt)
    {
        var run = attempt.Run;
        try
        {
            var progress = (TestProgress step) => reports.Say(step with { RunId = run.RunId, Attempt = run.Attempt });
            var finished = await executors.For(run.TestType).RunAsync(run, progress, attempt.Ending);
            // The ids are ours to say, whatever an executor returned.
            return finished with
            {
                RunId = run.RunId,
                Attempt = run.Attempt,
                Error = finished.Outcome is TestOutcome.Stopped ? finished.Error ?? attempt.StopReason : finished.Error,
            };
        }
        catch (Exception error)
        {
            var outcome = attempt.Ending.IsCancellationRequested ? TestOutcome.Stopped : TestOutcome.WorkerError;
            return new TestFinished
            {
                RunId = run.RunId,
                Attempt = run.Attempt,
                Outcome = outcome,
                Error = outcome is TestOutcome.Stopped ? attempt.StopReason : error.Message,
            };
        }
    }
}
