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
    private readonly List<WaitingRun> aside = [];
    private readonly Outlook outlook;
    private readonly WaitingRuns waiting;
    private readonly Holds holds;
    private readonly Order order;
    private readonly PatientRuns patient;
    private readonly LookAhead lookAhead;
    private readonly Placer placer;
    private readonly Rebalancing rebalancing;
    private readonly Explainer explainer;
    private long passes;

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
        outlook = new Outlook(fleet, ledger, durations);
        waiting = new WaitingRuns(fleet, ledger.Keys, durations, outlook, options);
        holds = new Holds(fleet, ledger, options.LongestOvertaking);
        order = new Order(fleet, ledger.Keys, shares, outlook, waiting.Lines, waiting.Pace, options);
        patient = new PatientRuns(fleet, waiting, options.LongestOvertaking);
        lookAhead = new LookAhead(fleet, ledger, holds, horizon);
        placer = new Placer(
            fleet, ledger, waiting.Lines.KeyWaiters, holds, outlook, waiting, lookAhead, policies, durations, random, options.LongestOvertaking);
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
    public Plan Plan(DateTimeOffset now, int maxDecisions)
    {
        Settle(now);
        var (decisions, failures) = (new List<Decision>(), new List<PolicyFailure>());
        // What was kept for a run that is now placed holds nobody off any more.
        while (PlaceWhatCanBe(now, maxDecisions, decisions, failures))
        {
        }

        var leftKeys = fleet.Open.IsEmpty ? [] : order.LeftKeys();
        PlaceAhead(now, maxDecisions, decisions, failures);
        foreach (var run in aside)
            waiting.PutBack(run);

        return new Plan(decisions, Impossible(), WakeAt())
        {
            PolicyFailures = failures,
            HeldBack = HeldBack(),
            LeftKeys = leftKeys,
            Kept = holds.IsEmpty ? [] : [.. from hold in holds.All select new KeptWorker(hold.WorkerId, hold.Run.Demand.RunId)],
        };
    }

    private DateTimeOffset? WakeAt() => patient.NextEnd is { } end && !(waiting.NextDueAt < end) ? end : waiting.NextDueAt;

    private IReadOnlyList<HeldBackRun> HeldBack() => aside.Count + waiting.Patient.Count == 0
        ? []
        : [.. from run in aside.Concat(waiting.Patient) let later = run.PassedOver where later is not null select new HeldBackRun(run.Demand.RunId, later.WorkerId, later.Reason)];

    /// <returns>Whether there may be more to place.</returns>
    private bool PlaceWhatCanBe(DateTimeOffset now, int maxDecisions, List<Decision> decisions, List<PolicyFailure> failures)
    {
        var pass = Begin(now, isAhead: false);
        PlaceKept(pass, maxDecisions, decisions, failures);
        PlaceInOrder(pass, maxDecisions, decisions, failures);
        return ReviewHolds() && pass.HeldOff;
    }

    /// <summary>Hands out what can follow an attempt that is about to end, as long as more waits than places are about to be free.</summary>
    private void PlaceAhead(DateTimeOffset now, int maxDecisions, List<Decision> decisions, List<PolicyFailure> failures)
    {
        if (decisions.Count >= maxDecisions || waiting.Lines.Awake.Count == 0 || !lookAhead.Open(now, waiting.Count))
            return;

        try
        {
            PlaceInOrder(Begin(now, isAhead: true), maxDecisions, decisions, failures);
        }
        finally
        {
            lookAhead.Close();
        }
    }

    private Pass Begin(DateTimeOffset now, bool isAhead) =>
        new(++passes, now, waiting.LastSubmitted, new FreeTimes(fleet, ledger, outlook, waiting.Patient, now), mostWaits: 64 + (2 * fleet.Count) - waiting.Patient.Count)
        {
            IsAhead = isAhead,
        };

    private void PlaceInOrder(Pass pass, int maxDecisions, List<Decision> decisions, List<PolicyFailure> failures)
    {
        // Whoever was held off for a run that no longer wants the worker is looked at again before what comes after it.
        while (decisions.Count < maxDecisions && !fleet.Open.IsEmpty && !(pass.HeldOff && holds.AnyDropped)
            && order.Next(pass.Now, pass.Number) is { } run)
        {
            Place(run, pass, decisions, failures);
        }
    }

    /// <summary>Brings all up to date before anything is chosen.</summary>
    private void Settle(DateTimeOffset now)
    {
        foreach (var run in aside)
            run.PassedOver = null;
        aside.Clear();
        shares.Settle(now);
        patient.Rouse(now);
        waiting.Refresh(now);
        ReviewHolds();
    }

    private bool ReviewHolds() => holds.Review(CouldGo);

    /// <summary>Whether it waits and only room is missing.</summary>
    private bool CouldGo(WaitingRun run) => ReferenceEquals(waiting.Find(run.Demand.RunId), run) && MayTakeItsKeys(run);

    private bool MayTakeItsKeys(WaitingRun run) =>
        ledger.Keys.FirstTaken(run.Demand.ConcurrencyKeys) is null && waiting.Lines.KeyWaiters.Allow(run);

    /// <summary>Who has been kept a worker takes it as soon as there is room.</summary>
    private void PlaceKept(Pass pass, int maxDecisions, List<Decision> decisions, List<PolicyFailure> failures)
    {
        if (holds.IsEmpty)
            return;

        foreach (var hold in holds.All.OrderBy(hold => hold.Run.Turn).ToList())
        {
            var worker = fleet.Find(hold.WorkerId)!;
            while (decisions.Count < maxDecisions && CouldTake(hold.Run, worker))
            {
                var first = FirstInTurn(hold.Run, worker);
                if (!MayGo(first, pass))
                    break;

                Place(first, pass, decisions, failures);
                if (first.Line is not null)
                    break;
            }
        }
    }

    private bool CouldTake(WaitingRun run, RegisteredWorker worker) =>
        run.Line is not null && worker.IsOpen && MayTakeItsKeys(run)
        && run.Shape.Allowed(run.Demand.AvoidWorkers, fleet).Contains(worker.Index)
        && Check.FirstFailed(CapacityChecks.All, run.Shape.Needs, worker) is null;

    /// <summary>For whomever a worker is kept, those go before that could take it too and whose turn is earlier.</summary>
    private WaitingRun FirstInTurn(WaitingRun kept, RegisteredWorker worker) =>
        waiting.Lines.Awake.Select(line => line.Oldest).Where(run => run.Turn < kept.Turn && CouldTake(run, worker)).MinBy(run => run.Turn) ?? kept;

    private void Place(WaitingRun run, Pass pass, List<Decision> decisions, List<PolicyFailure> failures)
    {
        var line = run.Line!;
        if (TryPlace(run, line, pass, decisions, failures))
            return;

        // Who is older may go before the one for whom the worker is kept, and who is shorter may have ended before it is needed.
        if ((line.Oldest.Turn < run.Turn && TryPlace(line.Oldest, line, pass, decisions, failures))
            || (line.Shortest is { } shortest && shortest.Length < run.Length && MayGo(shortest, pass)
                && TryPlace(shortest, line, pass, decisions, failures)))
            return;

        line.BlockedIn = line.HeldOffIn = pass.Number;
    }

    private bool MayGo(WaitingRun run, Pass pass) => MayTakeItsKeys(run) && run.Demand.SubmittedAt <= order.LastSubmitted(pass.Number);

    /// <returns>False if it would delay the run for which a worker is kept, wherever there is room.</returns>
    private bool TryPlace(WaitingRun run, Line line, Pass pass, List<Decision> decisions, List<PolicyFailure> failures)
    {
        if (pass.IsAhead && (run.Demand.WasMoved || run.Demand.ConcurrencyKeys.Count > 0))
        {
            PutAside(run, later: null);
            return true;
        }

        switch (placer.TryPlace(run, pass))
        {
            case PlacementAttempt.HeldOff:
                pass.HeldOff = true;
                return false;
            case PlacementAttempt.Placed placed:
                holds.Drop(run);
                decisions.Add(placed.Decision);
                shares.Charge(run.Demand.Submitter, placed.Decision.Predicted!.Value.P50.TotalSeconds);
                waiting.Remove(run.Demand.RunId);
                patient.Resume(pass.Now);
                break;
            case PlacementAttempt.NoRoom full:
                line.BlockedIn = pass.Number;
                if (ReferenceEquals(full.Allowed, run.Shape.Capable))
                    run.Shape.BlockedIn = pass.Number;
                if (!pass.IsAhead && full.Allowed.Overlaps(fleet.Open) && IsItsTurn(line.Oldest, full.Allowed))
                    holds.Keep(line.Oldest, full.Allowed, pass.Now);
                break;
            case PlacementAttempt.PassedOver when pass.IsAhead:
                PutAside(run, later: null);
                break;
            case PlacementAttempt.PassedOver(var later):
                holds.Drop(run);
                if (patient.Settle(run))
                    run.PassedOver = later;
                else
                    PutAside(run, later);
                break;
            case PlacementAttempt.PolicyFailed(var failure):
                holds.Drop(run);
                failures.Add(failure);
                PutAside(run, later: null);
                break;
        }

        return true;
    }

    /// <summary>Whether nobody whose turn is earlier, and who could use one of these workers, is still without one kept.</summary>
    private bool IsItsTurn(WaitingRun run, WorkerSet allowed) => waiting.Lines.Awake.All(
        line => line.Oldest.Turn >= run.Turn || holds.For(line.Oldest.Demand.RunId) is not null || !line.Shape.Capable.Overlaps(allowed));

    private void PutAside(WaitingRun run, LaterWorker? later)
    {
        run.PassedOver = later;
        waiting.PutAside(run);
        aside.Add(run);
    }

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

    private IReadOnlyList<ImpossibleRun> Impossible() =>
        !waiting.AnyImpossible ? [] : [.. from run in waiting.Impossible select new ImpossibleRun(run.Demand.RunId, run.Shape.ImpossibleBecause(fleet))];
}
