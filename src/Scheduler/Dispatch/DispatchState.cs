using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Dispatch;

/// <summary>
/// What the planner is told of commits, workers and refused decisions. It follows the stored runs, never its own wishes: a reservation in
/// the planner ends when the stored run no longer holds that attempt. Used by one caller at a time; knows no time but what it is given.
/// </summary>
internal sealed class DispatchState(Planner planner, DurationModel durations)
{
    /// <summary>Far more runs than end while a row of one of them is on its way here.</summary>
    private const int MostEnded = 20_000;

    /// <summary>Times are read from the database a little less precisely than they were stored.</summary>
    private static readonly TimeSpan SameTime = TimeSpan.FromMilliseconds(1);

    private readonly Dictionary<Guid, Known> runs = [];
    private readonly Queue<Guid> ended = new();
    private readonly Dictionary<Guid, TestDemand> waiting = [];
    private readonly Dictionary<Guid, int> reserved = [];
    private readonly HashSet<Guid> answeringImpossible = [];

    /// <summary>Takes over what was stored, before anything else happens.</summary>
    public void Restore(IEnumerable<TestRun> waitingRuns, IEnumerable<StoredReservation> reservations, IEnumerable<OutcomeRow> outcomes)
    {
        Learn(outcomes);
        foreach (var stored in reservations)
        {
            planner.Restore(Decisions.ToReservation(stored.Row), stored.DecidedAt, stored.Predicted, stored.StartsAfter);
            reserved[stored.Row.RunId] = stored.Row.Attempt;
            if (stored.Started)
                planner.Started(stored.Row.RunId, stored.Row.Attempt);
        }

        foreach (var run in waitingRuns)
            Wait(run);
    }

    /// <param name="session">The worker's latest session.</param>
    /// <param name="takesWork">Whether it may be handed anything new.</param>
    public void Register(WorkerSession session, bool takesWork) => planner.Register(Demands.Of(session, takesWork));

    public void Forget(string workerId) => planner.Forget(workerId);

    /// <summary>Decides what can be decided now. Each decision is answered by <see cref="Answered"/>.</summary>
    public Plan Plan(DateTimeOffset now, int maxDecisions)
    {
        var plan = planner.Plan(now, maxDecisions);
        foreach (var decision in plan.Decisions)
            reserved[decision.RunId] = decision.Attempt;
        return plan;
    }

    /// <summary>The impossible runs whose round is not being counted already. Each is answered by <see cref="RoundCounted"/>.</summary>
    public IReadOnlyList<ImpossibleRun> TakeImpossible(Plan plan) =>
        [.. plan.Impossible.Where(impossible => answeringImpossible.Add(impossible.RunId))];

    public void RoundCounted(Guid runId) => answeringImpossible.Remove(runId);

    /// <summary>
    /// A decision was stored or not. If not, its reservation ends and the run waits as before, unless the run turns out to hold this very
    /// attempt: then it was stored by a commit whose answer was lost.
    /// </summary>
    /// <returns>Whether the decision was taken back.</returns>
    public bool Answered(Decision decision, bool stored)
    {
        var holds = runs.GetValueOrDefault(decision.RunId).HeldAttempt == decision.Attempt;
        if (stored || holds || reserved.GetValueOrDefault(decision.RunId) != decision.Attempt)
            return false;

        Release(decision.RunId);
        if (waiting.TryGetValue(decision.RunId, out var demand))
            planner.Submit(demand);
        return true;
    }

    /// <summary>Something about runs became durable, or a row was read again because that was in doubt.</summary>
    public void Apply(RunsCommitted committed)
    {
        Learn(committed.Outcomes);
        foreach (var run in committed.Runs)
            Follow(run);
    }

    /// <summary>A decision about it found that it is not stored.</summary>
    public void Gone(Guid runId)
    {
        runs.Remove(runId);
        StopWaiting(runId);
    }

    /// <summary>Number of runs that need a key and are not placed, for each key that somebody needs.</summary>
    public IReadOnlyDictionary<string, int> WaitingByKey()
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (runId, demand) in waiting)
        {
            if (reserved.ContainsKey(runId))
                continue;

            foreach (var key in demand.ConcurrencyKeys)
                counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        return counts;
    }

    /// <summary>Commits of one run may become known out of order; only the newest counts.</summary>
    private void Follow(TestRun run)
    {
        if (runs.TryGetValue(run.CorrelationId, out var known) && known.IsNewerThan(run))
            return;

        Remember(run, known);
        if (run.CurrentState == RunStates.Running)
            planner.Started(run.CorrelationId, run.Attempt);
        // A reservation of a later attempt is a decision that is being stored.
        if (!run.HoldsWorker && reserved.TryGetValue(run.CorrelationId, out var attempt) && attempt <= run.Attempt)
            Release(run.CorrelationId);
        if (run.IsWaiting)
            Wait(run);
        else
            StopWaiting(run.CorrelationId);
    }

    /// <summary>Also what has ended, for a while: an older row of it that becomes known late must not wait again.</summary>
    private void Remember(TestRun run, Known before)
    {
        var now = new Known(run.Version, run.SubmittedAt, run.HoldsWorker ? run.Attempt : null, HasEnded: run.EndedAt is not null);
        runs[run.CorrelationId] = now;
        if (now.HasEnded && !before.HasEnded)
            ended.Enqueue(run.CorrelationId);
        if (ended.Count <= MostEnded)
            return;

        var oldest = ended.Dequeue();
        if (runs.GetValueOrDefault(oldest).HasEnded)
            runs.Remove(oldest);
    }

    private void Wait(TestRun run)
    {
        var demand = Demands.Of(run);
        waiting[run.CorrelationId] = demand;
        // While its placement is being stored the run holds a reservation; if that fails, it is submitted again from here.
        if (!reserved.ContainsKey(run.CorrelationId))
            planner.Submit(demand);
    }

    private void StopWaiting(Guid runId)
    {
        waiting.Remove(runId);
        planner.Withdraw(runId);
    }

    private void Release(Guid runId)
    {
        if (reserved.Remove(runId, out var attempt))
            planner.Release(runId, attempt);
    }

    private void Learn(IEnumerable<OutcomeRow> outcomes)
    {
        foreach (var lesson in outcomes.Select(Outcomes.ToLesson).OfType<RunOutcome>())
            durations.Learn(lesson);
    }

    /// <summary>The newest known row of a run.</summary>
    private readonly record struct Known(int Version, DateTimeOffset SubmittedAt, int? HeldAttempt, bool HasEnded)
    {
        /// <summary>Not if the run was deleted and submitted again since: then its versions begin anew.</summary>
        public bool IsNewerThan(TestRun run) => Version > run.Version && run.SubmittedAt - SubmittedAt < SameTime;
    }
}
