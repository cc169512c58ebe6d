using MassTransit;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>
/// The life of a run. The constructor is the transition table: every state answers every event, and what is ignored is ignored
/// on purpose. The verbs are in <see cref="TestRunBehaviors"/>, the budgets in <see cref="RetryDecision"/>.
/// </summary>
internal sealed class TestRunStateMachine : MassTransitStateMachine<TestRun>
{
    private readonly SchedulerOptions options;
    private readonly TimeProvider time;

    public TestRunStateMachine(IOptions<SchedulerOptions> options, TimeProvider time)
    {
        this.options = options.Value;
        this.time = time;
        InstanceState(run => run.CurrentState);
        Correlate();

        Initially(
            When(RunSubmitted).Accept(time).TransitionTo(Submitted).Announce(time),
            When(CancelRequested).Remember(time).TransitionTo(Cancelled).Announce(time));

        During(Submitted, Requeued,
            When(RunPlaced, IsNextAttempt).Assign(time, this.options).TransitionTo(Assigned).Announce(time),
            When(RunPlaced, IsNotNextAttempt).RefusePlacement(),
            When(RunImpossible, c => Decided(c) is RetryDecision.Retry).CountRound(time, this.options).TransitionTo(Requeued).Announce(time),
            When(RunImpossible, c => Decided(c) is RetryDecision.GiveUp).GiveUp(time).TransitionTo(Failed).Announce(time),
            When(DeadlinePassed, IsQueueDeadline).TimeOutInQueue(time).TransitionTo(Failed).Announce(time),
            When(CancelRequested).CancelNow(time).TransitionTo(Cancelled).Announce(time),
            When(AttemptFinished).KeepAsEvidence(time),
            When(MoveProposed).RefuseMove(),
            // The attempt these speak of has been given up already.
            Ignore(AttemptStarted), Ignore(RunRecalled), Ignore(AssignmentReturned), Ignore(WorkerLost), Ignore(StopRequested),
            // The other deadlines belong to an attempt that is gone.
            Ignore(DeadlinePassed, IsNotQueueDeadline));

        During(Assigned,
            When(AttemptStarted, IsOwner).Start(time, this.options).TransitionTo(Running).Announce(time),
            // Its end is dealt with below, as that of a run that runs.
            When(AttemptFinished, TellsOfStart).StartBefore(time).TransitionTo(Running).Announce(time),
            When(RunRecalled, HasNotStarted).GiveBack("given back by the worker before it started").TransitionTo(Requeued).Announce(time),
            When(RunRecalled, HasNotStartedInTime).TimeOutInQueue(time).TransitionTo(Failed).Announce(time),
            When(RunRecalled, HasNotStartedAndIsCancelled).CancelNow(time).TransitionTo(Cancelled).Announce(time),
            When(AssignmentReturned, IsUnreachable).GiveBack("the worker's queue is not bound").TransitionTo(Requeued).Announce(time),
            When(AssignmentReturned, IsUnreachableAndCancelled).CancelNow(time).TransitionTo(Cancelled).Announce(time),
            When(AssignmentReturned, IsPerhapsThere).AskBack(time, this.options),
            When(DeadlinePassed, IsStartDeadline).AskBack(time, this.options),
            When(MoveProposed, MayMove).Move(time, this.options).Announce(time),
            When(MoveProposed, MayNotMove).RefuseMove(),
            // Its start deadline is no later than that of the queue, and it does not run yet.
            Ignore(DeadlinePassed, IsNotStartDeadline),
            When(CancelRequested).CancelWhenGivenBack(time),
            // Nothing runs that could be stopped: a worker that takes nothing new gives it back.
            Ignore(StopRequested));

        During(Running,
            // Repeated.
            Ignore(AttemptStarted),
            // It runs: the recall came too late, and the worker said so.
            Ignore(RunRecalled),
            // A run that runs was routed.
            Ignore(AssignmentReturned),
            When(MoveProposed).RefuseMove(),
            When(CancelRequested).CancelWhenStopped(time),
            When(StopRequested, IsOwner).TellStop(time),
            When(DeadlinePassed, IsExecutionDeadline).StopOverdue(time, this.options),
            // Limits of waiting do not concern what runs.
            Ignore(DeadlinePassed, IsNotExecutionDeadline));

        During(Assigned, Running,
            When(AttemptFinished, c => Decided(c) is RetryDecision.Complete).Complete(time).TransitionTo(Completed).Announce(time),
            When(AttemptFinished, c => Decided(c) is RetryDecision.Retry).Requeue(time).TransitionTo(Requeued).Announce(time),
            When(AttemptFinished, c => Decided(c) is RetryDecision.GiveUp).GiveUp(time).TransitionTo(Failed).Announce(time),
            When(AttemptFinished, c => Decided(c) is RetryDecision.Cancel).CancelFinished(time).TransitionTo(Cancelled).Announce(time),
            When(AttemptFinished, IsNotOwner).KeepAsEvidence(time),
            When(WorkerLost, c => Decided(c) is RetryDecision.Retry).Requeue(time).TransitionTo(Requeued).Announce(time),
            When(WorkerLost, c => Decided(c) is RetryDecision.GiveUp).GiveUp(time).TransitionTo(Failed).Announce(time),
            When(WorkerLost, c => Decided(c) is RetryDecision.Cancel).CancelLost(time).TransitionTo(Cancelled).Announce(time),
            When(RunPlaced).RefusePlacement(),
            // Proposed before it was assigned.
            Ignore(RunImpossible));

        During(Completed, Failed, Cancelled,
            When(RunPlaced).RefusePlacement(),
            When(MoveProposed).RefuseMove(),
            When(CancelRequested).RefuseCancel(),
            When(AttemptFinished).KeepAsEvidence(time),
            // Late news of an attempt that has ended.
            Ignore(AttemptStarted), Ignore(RunRecalled), Ignore(AssignmentReturned), Ignore(WorkerLost), Ignore(StopRequested),
            // The run ended before the scheduler noticed these.
            Ignore(DeadlinePassed), Ignore(RunImpossible));

        DuringAny(
            When(RunSubmitted, IsOfAnother).AnswerDuplicate(time),
            // An earlier try of this very event made the run, and its answer was lost.
            Ignore(RunSubmitted, IsItsOwn));
    }

    /// <summary>Waits for its first assignment.</summary>
    public State Submitted { get; } = null!;

    /// <summary>Handed to a worker's queue; its reservation holds.</summary>
    public State Assigned { get; } = null!;

    /// <summary>The worker said that it started.</summary>
    public State Running { get; } = null!;

    /// <summary>Waits again, as the next attempt or the next round.</summary>
    public State Requeued { get; } = null!;

    /// <summary>Passed, or skipped by the test itself.</summary>
    public State Completed { get; } = null!;

    /// <summary>Ended without a pass; the failure kind says how.</summary>
    public State Failed { get; } = null!;

    public State Cancelled { get; } = null!;

    public Event<RunSubmitted> RunSubmitted { get; } = null!;

    public Event<RunPlaced> RunPlaced { get; } = null!;

    public Event<RunImpossible> RunImpossible { get; } = null!;

    public Event<MoveProposed> MoveProposed { get; } = null!;

    public Event<AttemptStarted> AttemptStarted { get; } = null!;

    public Event<AttemptFinished> AttemptFinished { get; } = null!;

    public Event<RunRecalled> RunRecalled { get; } = null!;

    public Event<AssignmentReturned> AssignmentReturned { get; } = null!;

    public Event<WorkerLost> WorkerLost { get; } = null!;

    public Event<StopRequested> StopRequested { get; } = null!;

    public Event<DeadlinePassed> DeadlinePassed { get; } = null!;

    public Event<CancelRequested> CancelRequested { get; } = null!;

    private static bool IsItsOwn(BehaviorContext<TestRun, RunSubmitted> context) => Duplicates.IsItsOwn(context.Saga, context.Message);

    private static bool IsOfAnother(BehaviorContext<TestRun, RunSubmitted> context) => !IsItsOwn(context);

    private bool IsNextAttempt(BehaviorContext<TestRun, RunPlaced> context) => Judge(context).IsNextAttempt;

    private bool IsNotNextAttempt(BehaviorContext<TestRun, RunPlaced> context) => !Judge(context).IsNextAttempt;

    private bool TellsOfStart(BehaviorContext<TestRun, AttemptFinished> context) => Judge(context).TellsOfStart;

    private bool MayMove(BehaviorContext<TestRun, MoveProposed> context) => Judge(context).MayMove;

    private bool MayNotMove(BehaviorContext<TestRun, MoveProposed> context) => !MayMove(context);

    private static bool IsQueueDeadline(BehaviorContext<TestRun, DeadlinePassed> context) => context.Message.Deadline == Deadline.Queue;

    private static bool IsNotQueueDeadline(BehaviorContext<TestRun, DeadlinePassed> context) => !IsQueueDeadline(context);

    private static bool IsStartDeadline(BehaviorContext<TestRun, DeadlinePassed> context) => context.Message.Deadline == Deadline.Start;

    private static bool IsNotStartDeadline(BehaviorContext<TestRun, DeadlinePassed> context) => !IsStartDeadline(context);

    private static bool IsExecutionDeadline(BehaviorContext<TestRun, DeadlinePassed> context) => context.Message.Deadline == Deadline.Execution;

    private static bool IsNotExecutionDeadline(BehaviorContext<TestRun, DeadlinePassed> context) => !IsExecutionDeadline(context);

    private bool IsOwner<T>(BehaviorContext<TestRun, T> context) where T : AttemptEvent => Judge(context).IsOwner;

    private bool IsNotOwner<T>(BehaviorContext<TestRun, T> context) where T : AttemptEvent => !Judge(context).IsOwner;

    private bool IsOwnerAndWanted<T>(BehaviorContext<TestRun, T> context) where T : AttemptEvent =>
        Judge(context) is { IsOwner: true, IsCancelled: false };

    private bool IsUnreachable(BehaviorContext<TestRun, AssignmentReturned> context) =>
        !context.Message.SentBefore && IsOwnerAndWanted(context);

    private bool IsUnreachableAndCancelled(BehaviorContext<TestRun, AssignmentReturned> context) =>
        !context.Message.SentBefore && IsOwnerAndCancelled(context);

    private bool IsPerhapsThere(BehaviorContext<TestRun, AssignmentReturned> context) => context.Message.SentBefore && IsOwner(context);

    private bool IsOwnerAndCancelled<T>(BehaviorContext<TestRun, T> context) where T : AttemptEvent =>
        Judge(context) is { IsOwner: true, IsCancelled: true };

    private bool HasNotStarted(BehaviorContext<TestRun, RunRecalled> context) =>
        !context.Message.Started && IsOwnerAndWanted(context) && !Judge(context).IsTooLate;

    private bool HasNotStartedInTime(BehaviorContext<TestRun, RunRecalled> context) =>
        !context.Message.Started && IsOwnerAndWanted(context) && Judge(context).IsTooLate;

    private bool HasNotStartedAndIsCancelled(BehaviorContext<TestRun, RunRecalled> context) =>
        !context.Message.Started && IsOwnerAndCancelled(context);

    /// <summary>What follows from the event; null when it speaks of an attempt that is not the current one.</summary>
    private RetryDecision? Decided<T>(BehaviorContext<TestRun, T> context) where T : RunEvent => Judge(context).Decision;

    private Judgement Judge<T>(BehaviorContext<TestRun, T> context) where T : RunEvent => Judgement.Of(context, options, time.GetUtcNow());

    private void Correlate()
    {
        Event(() => RunSubmitted, e => e.CorrelateById(context => context.Message.RunId));
        Event(() => CancelRequested, e => e.CorrelateById(context => context.Message.RunId));
        Event(() => RunPlaced, Existing);
        Event(() => RunImpossible, Existing);
        Event(() => MoveProposed, Existing);
        Event(() => AttemptStarted, Existing);
        Event(() => AttemptFinished, Existing);
        Event(() => RunRecalled, Existing);
        Event(() => AssignmentReturned, Existing);
        Event(() => WorkerLost, Existing);
        Event(() => StopRequested, Existing);
        Event(() => DeadlinePassed, Existing);
    }

    private static void Existing<T>(IEventCorrelationConfigurator<TestRun, T> correlation) where T : RunEvent
    {
        correlation.CorrelateById(context => context.Message.RunId);
        correlation.OnMissingInstance(missing => missing.Execute(context => context.Message.Reply.RefuseForNoRun()));
    }
}
