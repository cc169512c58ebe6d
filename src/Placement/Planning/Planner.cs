namespace LoadBalancer.Placement;

/// <summary>
/// The memory of what waits, who is there and what is held, and the pass that places one on the other. Fed by its owner with facts;
/// asks nobody, knows no time and no chance but what it is given. Not safe for use from several threads at once.
/// </summary>
public sealed class Planner
{
    /// <summary>Waiting that is worth one level of priority, unless it is said.</summary>
    public static readonly TimeSpan UsualAgingStep = TimeSpan.FromMinutes(10);

    /// <summary>
    /// After a burst of submissions a run goes before shorter ones as soon as all that waits could be done in this many times its own length.
    /// 0 is always the shortest first, best for the mean time to a result; the more, the earlier long ones start, which is safer for when
    /// all are done.
    /// </summary>
    public const double UsualLongFirst = 7;

    /// <summary>After so long, what a submitter has used counts half against it.</summary>
    internal static readonly TimeSpan ShareHalfLife = TimeSpan.FromHours(1);

    private readonly DurationModel durations;
    private readonly Fleet fleet = new();
    private readonly ReservationLedger ledger = new();
    private readonly SubmitterShares shares = new(ShareHalfLife);
    private readonly WaitingRuns waiting;
    private readonly LookAhead lookAhead;
    private readonly PlanMaker maker;
    private readonly Rebalancing rebalancing;
    private readonly Explainer explainer;

    /// <param name="policies">Which policy chooses for which test type; may be changed while planning goes on.</param>
    /// <param name="durations">What is known about durations; the owner lets it learn.</param>
    /// <param name="random">The only source of chance: the same seed and inputs give the same plans.</param>
    /// <param name="agingStep">Waiting that is worth one level of priority.</param>
    /// <param name="longFirst">How early long runs go before shorter ones; see <see cref="UsualLongFirst"/>.</param>
    /// <param name="horizon">How long before an attempt has surely ended its successor may be handed out; by default never.</param>
    public Planner(
        PolicySet policies, DurationModel durations, Random random, TimeSpan? agingStep = null, double longFirst = UsualLongFirst, TimeSpan horizon = default)
    {
        var options = new OrderOptions(agingStep ?? UsualAgingStep, longFirst);
        this.durations = durations;
        var outlook = new Outlook(fleet, ledger, durations);
        waiting = new WaitingRuns(fleet, ledger.Keys, durations, outlook, options);
        var holds = new Holds(fleet, ledger, options.LongestOvertaking);
        var order = new Order(fleet, ledger.Keys, shares, outlook, waiting.Lines, waiting.Pace, options);
        var patient = new PatientRuns(fleet, waiting, options.LongestOvertaking);
        lookAhead = new LookAhead(fleet, ledger, holds, horizon);
        var placer = new Placer(
            fleet, ledger, waiting.Lines.KeyWaiters, holds, outlook, waiting, lookAhead, policies, durations, random, options.LongestOvertaking);
        maker = new PlanMaker(fleet, ledger, shares, waiting, outlook, holds, order, patient, lookAhead, placer);
        rebalancing = new Rebalancing(fleet, ledger, holds, waiting, durations);
        explainer = new Explainer(
            fleet, ledger.Keys, waiting.Lines.KeyWaiters, holds, new RelaxationSearch(fleet, ledger.Keys, holds, waiting, durations),
            new EndEstimate(fleet, ledger, waiting, holds, durations, order, shares, options.AgingStep));
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

        waiting.Put(Retry(demand));
    }

    /// <summary>A further attempt also avoids workers on which tests fail more often than elsewhere, as far as that is known when it comes.</summary>
    private TestDemand Retry(TestDemand demand) => demand.Attempt > 1 && durations.Failing.Any
        ? demand with { AvoidWorkers = [.. demand.AvoidWorkers.Union(durations.Failing.Noticed, StringComparer.Ordinal)] }
        : demand;

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
    public void LimitKey(string key, int limit)
    {
        ledger.Keys.Limit(key, limit);
        waiting.Lines.Wake(key);
    }

    /// <summary>What a submitter may use against others, 1 unless it is said: one of weight 2 gets twice as much as one of weight 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The weight is not above 0.</exception>
    public void Share(string submitter, double weight) => shares.Weigh(submitter, weight);

    /// <summary>
    /// Takes over a reservation that was made before a restart, also where it exceeds what its worker has by now. If that attempt waits
    /// here, it no longer does.
    /// </summary>
    /// <param name="reservation">What is held.</param>
    /// <param name="since">When it was decided on, if that is known.</param>
    /// <param name="predicted">How long it was expected to take.</param>
    /// <param name="startsAfter">Whom it follows. Without effect if that attempt holds nothing any more; else it must have been restored before.</param>
    /// <exception cref="InvalidOperationException">The attempt holds a reservation already.</exception>
    public void Restore(Reservation reservation, DateTimeOffset? since = null, DurationForecast? predicted = null, AttemptId? startsAfter = null)
    {
        var occupation = new Occupation(reservation, null, since, predicted);
        if (startsAfter is { } predecessor && ledger.Holds(predecessor.RunId, predecessor.Attempt))
            ledger.AddAfter(predecessor, occupation);
        else
            ledger.Add(occupation);
        waiting.RemoveAttempt(reservation.RunId, reservation.Attempt);
        fleet.Use(reservation.WorkerId, ledger.UsedOn(reservation.WorkerId));
    }

    /// <summary>The worker says that the attempt runs. Without effect if it holds nothing, or when it is repeated.</summary>
    public void Started(Guid runId, int attempt)
    {
        if (ledger.Start(runId, attempt, out var started))
            lookAhead.Note(started);
    }

    /// <summary>Frees what this attempt holds; nobody else's release does. False if it holds nothing, as when it is repeated.</summary>
    public bool Release(Guid runId, int attempt)
    {
        if (ledger.Remove(runId, attempt) is not { } freed)
            return false;

        fleet.Use(freed.Reservation.WorkerId, ledger.UsedOn(freed.Reservation.WorkerId));
        foreach (var key in freed.Reservation.Keys)
            waiting.Lines.Wake(key);
        shares.Correct(freed);
        return true;
    }

    public IReadOnlyList<Reservation> ReservationsOn(string workerId) => [.. ledger.On(workerId).Select(occupation => occupation.Reservation)];

    /// <summary>
    /// Places what can be placed now, in the order of what waits. What must wait for capacity or a key does not hold up what follows.
    /// Each decision is reserved and its run no longer waits; the owner commits it, or releases and submits again.
    /// </summary>
    public Plan Plan(DateTimeOffset now, int maxDecisions) => maker.Make(now, maxDecisions);

    /// <summary>
    /// What was handed out, has not started, and is better off elsewhere. After a plan, since what is free then is wanted by nothing that waits.
    /// The owner has it recalled, and submits it again when its reservation was released.
    /// </summary>
    public IReadOnlyList<Move> Rebalance(DateTimeOffset now, int most = int.MaxValue) => rebalancing.Find(now, most);

    /// <summary>Why this run waits, or would wait if it were submitted.</summary>
    public WaitExplanation Explain(TestDemand demand, DateTimeOffset now) =>
        explainer.Explain(AsItWaits(demand), waiting.ShapeOf(demand.Requirements), waiting.Find(demand.RunId), now);

    /// <summary>How many registered workers could run it when empty, and in how long it is expected to have finished, if that is asked.</summary>
    public Prospects ProspectsOf(TestDemand demand, DateTimeOffset now, bool withEta) =>
        explainer.ProspectsOf(AsItWaits(demand), waiting.ShapeOf(demand.Requirements), waiting.Find(demand.RunId), now, withEta);

    /// <summary>With the workers that it avoids since it came, or would if it came now.</summary>
    private TestDemand AsItWaits(TestDemand demand) =>
        waiting.Find(demand.RunId) is { } run && run.Demand.Attempt == demand.Attempt ? run.Demand : Retry(demand);
}
