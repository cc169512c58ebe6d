namespace LoadBalancer.Placement;

/// <summary>Places one run: filters who can take it now, lets the policy choose, checks the answer, reserves everything at once.</summary>
internal sealed class Placer(
    Fleet fleet, ReservationLedger ledger, KeyWaiters keyWaiters, Holds holds, Outlook outlook, WaitingRuns waiting, LookAhead lookAhead,
    PolicySet policies, DurationModel durations, Random random, TimeSpan longestWait)
{
    private static readonly int RefusalCodes = Enum.GetValues<RefusalCode>().Length;

    private readonly int[] busy = new int[RefusalCodes];
    private readonly CandidateSearch search = new(fleet, holds, outlook, durations);
    private long decisions;

    public PlacementAttempt TryPlace(WaitingRun run, Pass pass)
    {
        var demand = run.Demand;
        var allowed = keyWaiters.Leave(run, run.Shape.Allowed(demand.AvoidWorkers, fleet));
        var policy = policies.For(demand.TestType);
        Array.Clear(busy);
        var candidates = search.Find(run, allowed, policy.Name, busy, pass, out var heldOff);
        if (candidates.Count == 0)
            return heldOff ? PlacementAttempt.HeldOff.Instance : new PlacementAttempt.NoRoom(allowed);

        PolicyAnswer answer;
        try
        {
            answer = PolicyAnswer.Of(policy, ContextOf(run, allowed, candidates, pass));
        }
        catch (PolicyException broken)
        {
            return new PlacementAttempt.PolicyFailed(new PolicyFailure(demand.RunId, policy.Name, broken.Message));
        }

        if (answer.WaitFor is { } later)
        {
            var worker = fleet.Find(later.WorkerId)!;
            var kind = worker.Kind;
            run.WaitsSince ??= pass.Now;
            run.Patience = later.Until > pass.Now ? new Patience(kind, kind.Bit | run.FasterThan(fleet.Kinds.Open), fleet.Version, later.Until.Value) : null;
            pass.Await(run, worker);
            return new PlacementAttempt.PassedOver(later);
        }

        return new PlacementAttempt.Placed(Reserve(run, policy.Name, answer, RefusalsOf(run.Shape, allowed), pass.Now));
    }

    private PlacementContext ContextOf(WaitingRun run, WorkerSet allowed, List<Candidate> candidates, Pass pass)
    {
        var soonest = double.PositiveInfinity;
        var surest = double.PositiveInfinity;
        foreach (var candidate in candidates)
        {
            soonest = Math.Min(soonest, candidate.Predicted.P50.TotalSeconds);
            surest = Math.Min(surest, candidate.Predicted.P90.TotalSeconds);
        }

        var backlog = outlook.BacklogSeconds;
        var context = new PlacementContext(run.Demand, candidates, random, pass.Now)
        {
            Pressure = soonest > 0 ? backlog / (backlog + soonest) : 0,
            Waited = pass.Now - (run.WaitsSince ?? pass.Now),
        };
        var mayWait = pass.MayWait && pass.LastSubmitted <= run.Demand.SubmittedAt + longestWait && surest > outlook.DrainSeconds(pass.Now);
        return mayWait && LaterWorkers(run, allowed, surest, pass) is { Count: > 0 } later ? context with { Later = later } : context;
    }

    /// <summary>Busy workers that it may use, of kinds on which it takes less than on any that is free.</summary>
    private List<LaterCandidate> LaterWorkers(WaitingRun run, WorkerSet allowed, double soonest, Pass pass)
    {
        var found = new List<LaterCandidate>();
        var warmth = durations.Warm.For(run.Demand);
        for (var rest = run.Shape.CapableKinds & fleet.Kinds.Accepting & ~fleet.Kinds.Open; rest != 0; rest &= rest - 1)
        {
            var kind = fleet.Kinds.All[System.Numerics.BitOperations.TrailingZeroCount(rest)];
            var seconds = run.SecondsOn(kind.Index);
            // Looking at what all its members do costs more than to see that too much is waiting for them.
            if (seconds + pass.FreeTimes.AheadSeconds(kind, seconds) >= soonest
                || !pass.FreeTimes.TryFind(kind, allowed, seconds, out var worker, out var freeAt))
            {
                continue;
            }

            var forecast = durations.Predict(run.Demand, kind.Class);
            found.Add(new LaterCandidate(worker.Profile, freeAt, forecast)
            {
                Saved = warmth.SavedOn(worker.Id, forecast),
                FailureExcess = durations.Failing.ExcessOn(worker.Id),
                Sought = waiting.Pace.IsQuiet(pass.Now) ? 0 : waiting.Sought[kind],
            });
        }

        return found;
    }

    private Decision Reserve(WaitingRun run, string policy, PolicyAnswer answer, IReadOnlyDictionary<string, int> refusals, DateTimeOffset now)
    {
        var demand = run.Demand;
        var worker = fleet.Find(answer.Chosen!.Worker.WorkerId)!;
        var reservation = new Reservation
        {
            RunId = demand.RunId,
            Attempt = demand.Attempt,
            WorkerId = worker.Id,
            MemoryGb = demand.Requirements.MemoryGb,
            CpuCores = demand.Requirements.CpuCores,
            DiskGb = demand.Requirements.DiskGb,
            Devices = DevicePick.Of(run.Shape.Needs, worker)!,
            Keys = demand.ConcurrencyKeys.Count == 0 ? [] : [.. demand.ConcurrencyKeys.Distinct(StringComparer.Ordinal)],
        };
        var predecessor = Hold(reservation, demand, answer.Chosen.Predicted, now);
        worker.Turns[policy] = ++decisions;
        search.Chosen(worker);

        return new Decision
        {
            RunId = demand.RunId,
            Attempt = demand.Attempt,
            WorkerId = worker.Id,
            Reservation = reservation,
            Policy = policy,
            Reason = predecessor is null ? answer.Reason : $"{answer.Reason}; it follows run {predecessor.Reservation.RunId}, which is about to end there",
            Score = answer.Score,
            Alternatives = answer.Alternatives,
            Refusals = refusals,
            Predicted = answer.Chosen.Predicted,
            StartsAfter = predecessor?.Owner,
        };
    }

    /// <returns>The attempt whose place it takes, if what looked free was that.</returns>
    private Occupation? Hold(Reservation reservation, TestDemand demand, DurationForecast predicted, DateTimeOffset now)
    {
        var predecessor = lookAhead.OfferedOn(reservation.WorkerId);
        if (predecessor is null)
        {
            ledger.Add(new Occupation(reservation, demand.Submitter, now, predicted) { Demand = demand });
            fleet.Use(reservation.WorkerId, ledger.UsedOn(reservation.WorkerId));
            return null;
        }

        ledger.AddAfter(
            predecessor.Owner, new Occupation(reservation, demand.Submitter, predecessor.EndsAt(now), predicted) { Demand = demand });
        lookAhead.Taken(reservation.WorkerId);
        return predecessor;
    }

    /// <summary>Every registered worker that was no candidate is counted once.</summary>
    private Dictionary<string, int> RefusalsOf(Shape shape, WorkerSet allowed)
    {
        busy[(int)RefusalCode.NotAccepting] += shape.Capable.CountOf(inside: shape.Capable, outside: fleet.Accepting);
        busy[(int)RefusalCode.Avoided] += shape.Capable.CountOf(inside: fleet.Accepting, outside: allowed);
        busy[(int)RefusalCode.SlotsBusy] += allowed.CountOf(inside: fleet.Accepting, outside: fleet.Open);

        var refusals = new Dictionary<string, int>();
        foreach (var (code, workers) in shape.Refused)
            refusals.Add(code.InCamelCase(), workers);

        for (var code = 0; code < busy.Length; code++)
        {
            if (busy[code] > 0)
                refusals.Add(((RefusalCode)code).InCamelCase(), busy[code]);
        }

        return refusals;
    }
}
