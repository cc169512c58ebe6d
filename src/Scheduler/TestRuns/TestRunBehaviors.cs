using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Outbox;
using MassTransit;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>
/// The verbs of the transition table. Each changes the instance and collects in <see cref="TestRun.Effects"/> what commits with it;
/// nothing here talks to a database or a broker.
/// </summary>
internal static class TestRunBehaviors
{
    public static EventActivityBinder<TestRun, RunSubmitted> Accept(this EventActivityBinder<TestRun, RunSubmitted> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            var (run, test, now) = (context.Saga, context.Message.Submission, time.GetUtcNow());
            run.Submission = test;
            run.TestId = test.TestId;
            run.Suite = test.Suite;
            run.Submitter = test.Submitter ?? "default";
            run.TestType = test.TestType;
            run.Priority = test.Priority;
            run.SubmittedAt = now;
            context.Message.MadeAt = now;
            run.QueueDeadline = test.QueueTimeoutSeconds is { } seconds ? now + TimeSpan.FromSeconds(seconds) : null;
            run.Reason = "accepted";
        });

    public static EventActivityBinder<TestRun, RunSubmitted> AnswerDuplicate(
        this EventActivityBinder<TestRun, RunSubmitted> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            var reason = Duplicates.Describe(context.Saga, context.Message.Submission);
            context.Message.Reply.Refuse(reason);
            context.Saga.Sequence++;
            context.Saga.AnnounceAnswer(RunStates.Duplicate, reason, time.GetUtcNow());
        });

    /// <summary>A cancel that overtook its submission: the later submission is a duplicate.</summary>
    public static EventActivityBinder<TestRun, CancelRequested> Remember(
        this EventActivityBinder<TestRun, CancelRequested> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            context.Saga.SubmittedAt = time.GetUtcNow();
            context.Saga.End(time, $"cancelled before it was submitted: {context.Message.Reason}");
        });

    public static EventActivityBinder<TestRun, RunPlaced> Assign(
        this EventActivityBinder<TestRun, RunPlaced> binder, TimeProvider time, SchedulerOptions options) =>
        binder.Then(context =>
        {
            var (run, placed, now) = (context.Saga, context.Message, time.GetUtcNow());
            run.Attempt = placed.Decision.Attempt;
            run.WorkerId = placed.Decision.WorkerId;
            run.SessionId = placed.SessionId;
            run.WorkerClass = placed.WorkerClass;
            run.AssignedAt = now;
            run.StartedAt = null;
            run.StartDeadline = Earlier(now + options.StartTimeout, run.QueueDeadline);
            run.NotBefore = null;
            run.DurationSeconds = null;
            run.Reason = placed.Decision.Reason;
            run.Effects.Store(Decisions.ToRow(placed, now));
            run.Effects.Store(Decisions.ToReservation(placed.Decision));
            run.Effects.Store(OutboxMessage.Assignment(placed.Decision.WorkerId, Decisions.ToMessage(run, placed), now));
        });

    public static EventActivityBinder<TestRun, RunPlaced> RefusePlacement(this EventActivityBinder<TestRun, RunPlaced> binder) =>
        binder.Then(context => context.Message.Reply.Refuse(
            $"attempt {context.Message.Decision.Attempt} does not follow: the run is {context.Saga.CurrentState} in attempt {context.Saga.Attempt}"));

    public static EventActivityBinder<TestRun, RunImpossible> CountRound(
        this EventActivityBinder<TestRun, RunImpossible> binder, TimeProvider time, SchedulerOptions options) =>
        binder.Then(context =>
        {
            var run = context.Saga;
            run.ImpossibleRounds++;
            run.Priority = Math.Min(5, run.Priority + 1);
            run.NotBefore = time.GetUtcNow() + options.RequeueDelay;
            run.Reason = context.Message.Reason;
        });

    public static EventActivityBinder<TestRun, T> TimeOutInQueue<T>(this EventActivityBinder<TestRun, T> binder, TimeProvider time) where T : class =>
        binder.Then(context => context.Saga.Fail(
            time,
            FailureKinds.QueueTimedOut,
            $"it did not start within its queue timeout of {context.Saga.Submission?.QueueTimeoutSeconds:0.###} s"));

    public static EventActivityBinder<TestRun, AttemptStarted> Start(
        this EventActivityBinder<TestRun, AttemptStarted> binder, TimeProvider time, SchedulerOptions options) =>
        binder.Then(context =>
        {
            var (run, now) = (context.Saga, time.GetUtcNow());
            run.StartedAt = now;
            run.StartDeadline = null;
            run.QueueDeadline = null;
            run.ExecutionDeadline = now + ExecutionLimit(run, options);
            run.Reason = $"started on {run.WorkerId}";
            if (run.CancelReason is { } reason)
                run.Stop(reason, now);
        });

    /// <summary>It has ended by now, so nothing of it is to be watched.</summary>
    public static EventActivityBinder<TestRun, AttemptFinished> StartBefore(
        this EventActivityBinder<TestRun, AttemptFinished> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            context.Saga.StartedAt = time.GetUtcNow() - TimeSpan.FromSeconds(context.Message.Report.DurationSeconds);
            context.Saga.Reason = $"started on {context.Saga.WorkerId}";
        });

    /// <summary>The worker has not ended it: it is asked to, again and again, and holds what it holds until it has.</summary>
    public static EventActivityBinder<TestRun, DeadlinePassed> StopOverdue(
        this EventActivityBinder<TestRun, DeadlinePassed> binder, TimeProvider time, SchedulerOptions options) =>
        binder.Then(context =>
        {
            var (run, now) = (context.Saga, time.GetUtcNow());
            run.Overdue = true;
            run.ExecutionDeadline = now + options.ExecutionGrace;
            run.Reason = $"it should have ended: {run.WorkerId} was asked to stop it";
            run.Stop("it runs longer than its timeout allows", now);
        });

    /// <summary>It is requeued when the worker has confirmed that it stopped.</summary>
    public static EventActivityBinder<TestRun, StopRequested> TellStop(
        this EventActivityBinder<TestRun, StopRequested> binder, TimeProvider time) =>
        binder.Then(context => context.Saga.Stop(context.Message.Reason, time.GetUtcNow()));

    public static EventActivityBinder<TestRun, T> AskBack<T>(
        this EventActivityBinder<TestRun, T> binder, TimeProvider time, SchedulerOptions options) where T : RunEvent =>
        binder.Then(context =>
        {
            context.Saga.StartDeadline = time.GetUtcNow() + options.StartTimeout;
            context.Saga.Recall(time.GetUtcNow());
        });

    /// <summary>It is placed again when the worker has confirmed that it did not start.</summary>
    public static EventActivityBinder<TestRun, MoveProposed> Move(
        this EventActivityBinder<TestRun, MoveProposed> binder, TimeProvider time, SchedulerOptions options) =>
        binder.AskBack(time, options).Then(context =>
        {
            context.Saga.WasMoved = true;
            context.Saga.Reason = context.Message.Reason;
        });

    public static EventActivityBinder<TestRun, MoveProposed> RefuseMove(this EventActivityBinder<TestRun, MoveProposed> binder) =>
        binder.Then(context => context.Message.Reply.Refuse(
            $"attempt {context.Message.Attempt} is not to be moved: the run is {context.Saga.CurrentState} in attempt {context.Saga.Attempt}"));

    public static EventActivityBinder<TestRun, T> GiveBack<T>(
        this EventActivityBinder<TestRun, T> binder, string reason) where T : AttemptEvent =>
        binder.Then(context => context.Saga.WaitAgain(reason));

    public static EventActivityBinder<TestRun, AttemptFinished> Complete(
        this EventActivityBinder<TestRun, AttemptFinished> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            context.Saga.Record(context.Message, time.GetUtcNow());
            context.Saga.End(time, Judgement.Decided<RetryDecision.Complete>(context).Reason);
        });

    public static EventActivityBinder<TestRun, T> Requeue<T>(
        this EventActivityBinder<TestRun, T> binder, TimeProvider time) where T : AttemptEvent =>
        binder.Then(context =>
        {
            var run = context.Saga;
            var retry = Judgement.Decided<RetryDecision.Retry>(context);
            run.Record(context.Message, time.GetUtcNow());
            if (retry.Spent is RetryDecision.Budget.Retries)
                run.RetriesUsed++;
            if (retry.Spent is RetryDecision.Budget.Infrastructure)
                run.InfrastructureFailures++;
            if (retry.Spent is not RetryDecision.Budget.None && run.WorkerId is { } worker)
                run.FailedOn = [.. run.FailedOn, worker];
            run.WaitAgain(retry.Reason);
        });

    public static EventActivityBinder<TestRun, T> GiveUp<T>(
        this EventActivityBinder<TestRun, T> binder, TimeProvider time) where T : RunEvent =>
        binder.Then(context =>
        {
            var run = context.Saga;
            var giveUp = Judgement.Decided<RetryDecision.GiveUp>(context);
            if (context.Message is AttemptEvent ended)
                run.Record(ended, time.GetUtcNow());
            run.Fail(time, giveUp.FailureKind, giveUp.Error);
        });

    /// <summary>Nobody holds it, so it ends at once.</summary>
    public static EventActivityBinder<TestRun, T> CancelNow<T>(this EventActivityBinder<TestRun, T> binder, TimeProvider time) where T : RunEvent =>
        binder.Then(context => context.Saga.End(time, context.Message is CancelRequested cancel ? Cancelled(cancel.Reason) : context.Saga.CancelReason!));

    /// <summary>The worker holds it: it ends when the worker has given it back, or when it starts after all and is then stopped.</summary>
    public static EventActivityBinder<TestRun, CancelRequested> CancelWhenGivenBack(
        this EventActivityBinder<TestRun, CancelRequested> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            context.Saga.CancelReason ??= Cancelled(context.Message.Reason);
            context.Saga.Recall(time.GetUtcNow());
        });

    /// <summary>It runs: it ends when the worker has confirmed the stop, or with the worker's session.</summary>
    public static EventActivityBinder<TestRun, CancelRequested> CancelWhenStopped(
        this EventActivityBinder<TestRun, CancelRequested> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            var run = context.Saga;
            run.CancelReason ??= Cancelled(context.Message.Reason);
            run.Stop(run.CancelReason, time.GetUtcNow());
        });

    public static EventActivityBinder<TestRun, AttemptFinished> CancelFinished(
        this EventActivityBinder<TestRun, AttemptFinished> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            context.Saga.Record(context.Message, time.GetUtcNow());
            context.Saga.End(time, context.Saga.CancelReason!);
        });

    public static EventActivityBinder<TestRun, WorkerLost> CancelLost(this EventActivityBinder<TestRun, WorkerLost> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            context.Saga.Record(context.Message, time.GetUtcNow());
            context.Saga.End(time, $"{context.Saga.CancelReason}; {context.Message.Reason}");
        });

    public static EventActivityBinder<TestRun, CancelRequested> RefuseCancel(this EventActivityBinder<TestRun, CancelRequested> binder) =>
        binder.Then(context => context.Message.Reply.Refuse($"it has ended already, as {context.Saga.CurrentState}"));

    /// <summary>A result of an attempt that is not the current one: kept, and without any effect on the run.</summary>
    public static EventActivityBinder<TestRun, AttemptFinished> KeepAsEvidence(
        this EventActivityBinder<TestRun, AttemptFinished> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            context.Message.Reply.Refuse(
                $"attempt {context.Message.Owner.Attempt} of {context.Message.Owner.WorkerId} is not current: the run is {context.Saga.CurrentState} in attempt {context.Saga.Attempt}");
            context.Saga.Effects.Store(Outcomes.Evidence(context.Saga, context.Message, time.GetUtcNow()));
        });

    /// <summary>Stores the change and the public event of it; comes after the transition, so that it tells the new state.</summary>
    public static EventActivityBinder<TestRun, T> Announce<T>(this EventActivityBinder<TestRun, T> binder, TimeProvider time) where T : class =>
        binder.Then(context =>
        {
            context.Saga.Sequence++;
            context.Saga.AnnounceAnswer(context.Saga.CurrentState, context.Saga.Reason, time.GetUtcNow());
        });

    private static void AnnounceAnswer(this TestRun run, string state, string reason, DateTimeOffset now) =>
        run.Effects.Store(Changes.ToRow(run, state, reason, now));

    private static void Record(this TestRun run, AttemptEvent ended, DateTimeOffset now)
    {
        run.DurationSeconds = ended is AttemptFinished finished ? finished.Report.DurationSeconds : null;
        // An end that overtook its beginning tells of both.
        if (run.DurationSeconds is { } seconds)
            run.StartedAt ??= now - TimeSpan.FromSeconds(seconds);
        run.Effects.Store(Outcomes.Accepted(run, ended, now));
    }

    private static void WaitAgain(this TestRun run, string reason)
    {
        run.Effects.Release(run.Attempt);
        run.StartDeadline = run.ExecutionDeadline = run.NotBefore = null;
        run.Overdue = false;
        run.Reason = reason;
    }

    private static void Fail(this TestRun run, TimeProvider time, string kind, string error)
    {
        run.FailureKind = kind;
        run.Error = error;
        run.End(time, error);
    }

    private static void End(this TestRun run, TimeProvider time, string reason)
    {
        if (run.Attempt > 0)
            run.Effects.Release(run.Attempt);
        run.EndedAt = time.GetUtcNow();
        run.NotBefore = run.QueueDeadline = run.StartDeadline = run.ExecutionDeadline = null;
        run.Reason = reason;
    }

    private static void Recall(this TestRun run, DateTimeOffset now) =>
        run.Tell(new RecallTest { RunId = run.CorrelationId, Attempt = run.Attempt, SessionId = run.SessionId!.Value }, now);

    private static void Stop(this TestRun run, string reason, DateTimeOffset now) =>
        run.Tell(new StopTest { RunId = run.CorrelationId, Attempt = run.Attempt, SessionId = run.SessionId!.Value, Reason = reason }, now);

    private static void Tell(this TestRun run, WorkerCommand command, DateTimeOffset now) =>
        run.Effects.Store(OutboxMessage.Command(run.WorkerId!, command, now));

    private static TimeSpan ExecutionLimit(TestRun run, SchedulerOptions options) =>
        TimeSpan.FromSeconds(run.Submission!.TimeoutSeconds) + options.ExecutionGrace +
        (run.Submission.Workspace?.Prepare is null ? TimeSpan.Zero : options.PrepareAllowance);

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset? other) => other < one ? other.Value : one;

    private static string Cancelled(string reason) => reason.Length == 0 ? "cancelled" : $"cancelled: {reason}";
}
