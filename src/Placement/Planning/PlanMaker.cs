namespace LoadBalancer.Placement;

/// <summary>
/// Makes a plan in passes over what waits. In a pass each run is tried once; another one follows where somebody was held off a worker that is
/// not kept any more. The last one may hand out what follows an attempt that is about to end.
/// </summary>
internal sealed class PlanMaker(
    Fleet fleet, ReservationLedger ledger, SubmitterShares shares, WaitingRuns waiting, Outlook outlook, Holds holds, Order order,
    PatientRuns patient, LookAhead lookAhead, Placer placer)
{
    private readonly List<WaitingRun> aside = [];
    private long passes;

    public Plan Make(DateTimeOffset now, int maxDecisions)
    {
        Settle(now);
        var draft = new Draft(maxDecisions);
        // What was kept for a run that is now placed holds nobody off any more.
        while (PlaceWhatCanBe(now, draft))
        {
        }

        var leftKeys = fleet.Open.IsEmpty ? [] : order.LeftKeys();
        PlaceAhead(now, draft);
        foreach (var run in aside)
            waiting.PutBack(run);

        return new Plan(draft.Decisions, Impossible(), WakeAt())
        {
            PolicyFailures = draft.Failures,
            HeldBack = aside.Count + waiting.Patient.Count == 0 ? [] : [.. HeldBack()],
            LeftKeys = leftKeys,
            Kept = holds.IsEmpty ? [] : [.. from hold in holds.All select new KeptWorker(hold.WorkerId, hold.Run.Demand.RunId)],
        };
    }

    private DateTimeOffset? WakeAt() => patient.NextEnd is { } end && !(waiting.NextDueAt < end) ? end : waiting.NextDueAt;

    private IEnumerable<HeldBackRun> HeldBack() =>
        from run in aside.Concat(waiting.Patient)
        let later = run.PassedOver
        where later is not null
        select new HeldBackRun(run.Demand.RunId, later.WorkerId, later.Reason);

    /// <returns>Whether there may be more to place.</returns>
    private bool PlaceWhatCanBe(DateTimeOffset now, Draft draft)
    {
        var pass = Begin(now, draft, isAhead: false);
        PlaceKept(pass);
        PlaceInOrder(pass);
        ReviewHolds();
        return holds.TakeDropped() && pass.HeldOff;
    }

    /// <summary>Hands out what can follow an attempt that is about to end, as long as more waits than places are about to be free.</summary>
    private void PlaceAhead(DateTimeOffset now, Draft draft)
    {
        if (draft.IsFull || waiting.Lines.Awake.Count == 0 || !lookAhead.Open(now, waiting.Count))
            return;

        try
        {
            PlaceInOrder(Begin(now, draft, isAhead: true));
        }
        finally
        {
            lookAhead.Close();
        }
    }

    private int MostWaits => 64 + (2 * fleet.Count);

    private Pass Begin(DateTimeOffset now, Draft draft, bool isAhead) =>
        new(++passes, now, waiting.LastSubmitted, new FreeTimes(fleet, ledger, outlook, waiting.Patient, now), MostWaits - waiting.Patient.Count)
        {
            Draft = draft,
            IsAhead = isAhead,
        };

    private void PlaceInOrder(Pass pass)
    {
        // Whoever was held off for a run that no longer wants the worker is looked at again before what comes after it.
        while (!pass.Draft.IsFull && !fleet.Open.IsEmpty && !(pass.HeldOff && holds.AnyDropped)
            && order.Next(pass.Now, pass.Number) is { } run)
        {
            Place(run, pass);
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
        holds.TakeDropped();
    }

    private void ReviewHolds() => holds.Review(CouldGo);

    /// <summary>Whether it waits and only room is missing.</summary>
    private bool CouldGo(WaitingRun run) => ReferenceEquals(waiting.Find(run.Demand.RunId), run) && MayTakeItsKeys(run);

    private bool MayTakeItsKeys(WaitingRun run) =>
        ledger.Keys.FirstTaken(run.Demand.ConcurrencyKeys) is null && waiting.Lines.KeyWaiters.Allow(run);

    /// <summary>Who has been kept a worker takes it as soon as there is room.</summary>
    private void PlaceKept(Pass pass)
    {
        if (holds.IsEmpty)
            return;

        foreach (var hold in holds.All.OrderBy(hold => hold.Run.Turn).ToList())
        {
            var worker = fleet.Find(hold.WorkerId)!;
            while (!pass.Draft.IsFull && CouldTake(hold.Run, worker))
            {
                var first = FirstInTurn(hold.Run, worker);
                if (!MayGo(first, pass))
                    break;

                Place(first, pass);
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

    private void Place(WaitingRun run, Pass pass)
    {
        var line = run.Line!;
        if (TryPlace(run, line, pass))
            return;

        // Who is older may go before the one for whom the worker is kept, and who is shorter may have ended before it is needed.
        if ((line.Oldest.Turn < run.Turn && TryPlace(line.Oldest, line, pass))
            || (line.Shortest is { } shortest && shortest.Length < run.Length && MayGo(shortest, pass)
                && TryPlace(shortest, line, pass)))
            return;

        line.BlockedIn = line.HeldOffIn = pass.Number;
    }

    private bool MayGo(WaitingRun run, Pass pass) => MayTakeItsKeys(run) && run.Demand.SubmittedAt <= order.LastSubmitted(pass.Number);

    /// <returns>False if it would delay the run for which a worker is kept, wherever there is room.</returns>
    private bool TryPlace(WaitingRun run, Line line, Pass pass)
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
                pass.Draft.Decisions.Add(placed.Decision);
                shares.Charge(run.Demand.Submitter, placed.Decision.Predicted!.Value.P50.TotalSeconds);
                waiting.Remove(run.Demand.RunId);
                patient.Resume(pass.Now);
                if (run.Demand.ConcurrencyKeys.Count > 0)
                    ReviewHolds();
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
                pass.Draft.Failures.Add(failure);
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

    private IReadOnlyList<ImpossibleRun> Impossible() =>
        !waiting.AnyImpossible ? [] : [.. from run in waiting.Impossible select new ImpossibleRun(run.Demand.RunId, run.Shape.ImpossibleBecause(fleet))];
}
