namespace LoadBalancer.Placement;

/// <summary>
/// The memory of what waits, who is there and what is held, and the pass that places one on the other. Fed by its owner with facts;
/// asks nobody, knows no time and no chance but what it is given. Not safe for use from several threads at once.
/// </summary>
public sealed class Planner
{
    /// <summary>Waiting that is worth one level of priority, unless it is said.</summary>
    public static readonly TimeSpan UsualAgingStep = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan UsualShareHalfLife = TimeSpan.FromHours(1);

    private readonly Fleet fleet = new();
    private readonly ReservationLedger ledger = new();
    private readonly WaitingRuns waiting;
    private readonly SubmitterShares shares = new(UsualShareHalfLife);
    private readonly Placer placer;
    private readonly Explainer explainer;

    /// <param name="policies">Which policy chooses for which test type; may be changed while planning goes on.</param>
    /// <param name="durations">What is known about durations; the owner lets it learn.</param>
    /// <param name="random">The only source of chance: the same seed and inputs give the same plans.</param>
    /// <param name="agingStep">Waiting that is worth one level of priority.</param>
    public Planner(PolicySet policies, DurationModel durations, Random random, TimeSpan? agingStep = null)
    {
        waiting = new WaitingRuns(fleet, agingStep ?? UsualAgingStep);
        placer = new Placer(fleet, ledger, policies, durations, random);
        explainer = new Explainer(fleet, ledger.Keys);
    }

    /// <summary>Number of runs that wait, due or not.</summary>
    public int Waiting => waiting.Count;

    public bool IsWaiting(Guid runId) => waiting.Contains(runId);

    /// <summary>
    /// Adds a run to what waits, or replaces what is known of it. Also puts back a run whose decision was not committed, after the
    /// release of its reservation.
    /// </summary>
    /// <exception cref="InvalidOperationException">This attempt holds a reservation.</exception>
    /// <exception cref="ArgumentException">A required amount is negative or no number.</exception>
    public void Submit(TestDemand demand)
    {
        if (ledger.Holds(demand.RunId, demand.Attempt))
        {
            throw new InvalidOperationException(
                $"Attempt {demand.Attempt} of run {demand.RunId} is placed already; release its reservation before it waits again.");
        }

        waiting.Put(demand);
    }

    /// <summary>The run no longer waits. False if it did not.</summary>
    public bool Withdraw(Guid runId) => waiting.Remove(runId);

    /// <summary>
    /// A worker joins or has changed. Reservations on it stay as they are; if it came back smaller, it gets nothing until they fit.
    /// </summary>
    public void Register(WorkerProfile worker) => waiting.WorkerChanged(fleet.Put(worker, ledger.UsedOn(worker.WorkerId)));

    /// <summary>The worker is no longer registered. Reservations on it stay until they are released.</summary>
    public void Forget(string workerId)
    {
        if (fleet.Remove(workerId) is { } worker)
            waiting.WorkerLeft(worker);
    }

    /// <summary>How many runs may hold the key at once; 1 unless it is said. Who holds it keeps it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The limit is below 0.</exception>
    public void LimitKey(string key, int limit) => ledger.Keys.Limit(key, limit);

    /// <summary>What a submitter may use against others, 1 unless it is said: one of weight 2 gets twice as much as one of weight 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The weight is not above 0.</exception>
    public void Share(string submitter, double weight) => shares.Weigh(submitter, weight);

    /// <summary>
    /// Takes over a reservation that was made before a restart, also where it exceeds what its worker has by now. If that attempt waits
    /// here, it no longer does.
    /// </summary>
    /// <exception cref="InvalidOperationException">The attempt holds a reservation already.</exception>
    public void Restore(Reservation reservation)
    {
        ledger.Add(reservation);
        waiting.RemoveAttempt(reservation.RunId, reservation.Attempt);
        fleet.Use(reservation.WorkerId, ledger.UsedOn(reservation.WorkerId));
    }

    /// <summary>Frees what this attempt holds; nobody else's release does. False if it holds nothing, as when it is repeated.</summary>
    public bool Release(Guid runId, int attempt)
    {
        if (ledger.Remove(runId, attempt) is not { } freed)
            return false;

        fleet.Use(freed.WorkerId, ledger.UsedOn(freed.WorkerId));
        return true;
    }

    public IReadOnlyList<Reservation> ReservationsOn(string workerId) => [.. ledger.On(workerId)];

    /// <summary>
    /// Places what can be placed now, in the order of what waits. What must wait for capacity or a key does not hold up what follows.
    /// Each decision is reserved and its run no longer waits; the owner commits it, or releases and submits again.
    /// </summary>
    public Plan Plan(DateTimeOffset now, int maxDecisions)
    {
        waiting.Wake(now);
        var decisions = new List<Decision>();
        var failures = new List<PolicyFailure>();
        var shapesWithoutRoom = new HashSet<Shape>();
        foreach (var run in waiting.Due)
        {
            if (decisions.Count >= maxDecisions || fleet.Open.IsEmpty)
                break;

            if (shapesWithoutRoom.Contains(run.Shape))
                continue;

            switch (placer.TryPlace(run, now))
            {
                case PlacementAttempt.Placed placed:
                    decisions.Add(placed.Decision);
                    break;
                case PlacementAttempt.NoRoom { ForItsShape: true }:
                    shapesWithoutRoom.Add(run.Shape);
                    break;
                case PlacementAttempt.PolicyFailed failed:
                    failures.Add(failed.Failure);
                    break;
            }
        }

        foreach (var decision in decisions)
            waiting.Remove(decision.RunId);

        return new Plan(decisions, Impossible(), waiting.NextDueAt) { PolicyFailures = failures };
    }

    /// <summary>Why this run waits, or would wait if it were submitted.</summary>
    public WaitExplanation Explain(TestDemand demand, DateTimeOffset now) =>
        explainer.Explain(demand, waiting.ShapeOf(demand.Requirements), now);

    private List<ImpossibleRun> Impossible() =>
        waiting.AnyImpossible
            ? [.. from run in waiting.Due
                  where run.Shape.Capable.IsEmpty
                  select new ImpossibleRun(run.Demand.RunId, run.Shape.ImpossibleBecause(fleet))]
            : [];
}
