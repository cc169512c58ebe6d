using MassTransit;

namespace LoadBalancer.Scheduler.TestRuns;

/// <summary>
/// What an event means for a run as it was when the event arrived. Several lines of the transition table may ask, each after the verbs
/// of the line before it have run, so it is formed once per event and kept with it.
/// </summary>
/// <param name="IsOwner">It speaks of the current attempt.</param>
/// <param name="TellsOfStart">It ends the current attempt, of whose start nobody spoke before.</param>
/// <param name="IsNextAttempt">It proposes the attempt that follows.</param>
/// <param name="MayMove">It proposes to move the current attempt, which may go elsewhere.</param>
/// <param name="IsCancelled">Somebody wants the run to end.</param>
/// <param name="IsTooLate">Its queue timeout has passed, and it has not started.</param>
/// <param name="Decision">What the budgets say, or null where the event does not concern them.</param>
internal sealed record Judgement(bool IsOwner, bool TellsOfStart, bool IsNextAttempt, bool MayMove, bool IsCancelled, bool IsTooLate, RetryDecision? Decision)
{
    public static Judgement Of<T>(BehaviorContext<TestRun, T> context, SchedulerOptions options, DateTimeOffset now) where T : RunEvent =>
        context.GetOrAddPayload(() => Of(context.Saga, context.Message, options, now));

    /// <summary>The decision by which the line of the table was chosen.</summary>
    public static TDecision Decided<TDecision>(PipeContext context) where TDecision : RetryDecision =>
        context.TryGetPayload(out Judgement? judgement) && judgement.Decision is TDecision decision
            ? decision
            : throw new InvalidOperationException($"the event was not judged to lead to {typeof(TDecision).Name}");

    private static Judgement Of(TestRun run, RunEvent happened, SchedulerOptions options, DateTimeOffset now)
    {
        var isOwner = happened is AttemptEvent attempt && run.Owns(attempt.Owner);
        return new Judgement(
            isOwner,
            isOwner && happened is AttemptFinished { TellsOfStart: true },
            happened is RunPlaced placed && placed.Decision.Attempt == run.Attempt + 1,
            happened is MoveProposed move && move.Attempt == run.Attempt && run is { WasMoved: false, CancelReason: null },
            run.CancelReason is not null,
            run.QueueDeadline <= now,
            happened switch
            {
                AttemptFinished finished when isOwner => RetryDecision.After(run, finished.Report, options),
                WorkerLost lost when isOwner => RetryDecision.After(run, lost, options),
                RunImpossible impossible => RetryDecision.After(run, impossible, options),
                _ => null,
            });
    }
}
