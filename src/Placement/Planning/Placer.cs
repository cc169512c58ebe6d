namespace LoadBalancer.Placement;

/// <summary>Places one run: filters who can take it now, lets the policy choose, checks the answer, reserves everything at once.</summary>
internal sealed class Placer(Fleet fleet, ReservationLedger ledger, PolicySet policies, DurationModel durations, Random random)
{
    private static readonly int RefusalCodes = Enum.GetValues<RefusalCode>().Length;

    private long decisions;

    public PlacementAttempt TryPlace(WaitingRun run, DateTimeOffset now)
    {
        var demand = run.Demand;
        if (ledger.Keys.FirstTaken(demand.ConcurrencyKeys) is not null)
            return PlacementAttempt.KeyTaken.Instance;

        var allowed = run.Shape.Allowed(demand.AvoidWorkers, fleet);
        if (!allowed.Overlaps(fleet.Open))
            return NoRoom(run, allowed);

        var policy = policies.For(demand.TestType);
        var busy = new int[RefusalCodes];
        var candidates = CandidatesFor(run, allowed, policy.Name, busy);
        if (candidates.Count == 0)
            return NoRoom(run, allowed);

        PolicyAnswer answer;
        try
        {
            answer = PolicyAnswer.Of(policy, new PlacementContext(demand, candidates, random, now));
        }
        catch (PolicyException broken)
        {
            return new PlacementAttempt.PolicyFailed(new PolicyFailure(demand.RunId, policy.Name, broken.Message));
        }

        var refusals = RefusalsOf(run.Shape, allowed, busy);
        return new PlacementAttempt.Placed(Reserve(run, policy.Name, answer, refusals));
    }

    private static PlacementAttempt.NoRoom NoRoom(WaitingRun run, WorkerSet allowed) => new(ReferenceEquals(allowed, run.Shape.Capable));

    private List<Candidate> CandidatesFor(WaitingRun run, WorkerSet allowed, string policy, int[] busy)
    {
        var needs = run.Shape.Needs;
        var candidates = new List<Candidate>();
        var predictions = new Dictionary<string, DurationForecast>(StringComparer.Ordinal);
        foreach (var index in allowed.And(fleet.Open).Indexes())
        {
            var worker = fleet[index];
            if (Check.FirstFailed(CapacityChecks.All, needs, worker) is { } failed)
            {
                busy[(int)failed.Code]++;
                continue;
            }

            if (!predictions.TryGetValue(worker.Profile.Class, out var predicted))
                predictions[worker.Profile.Class] = predicted = durations.Predict(run.Demand, worker.Profile.Class);

            var lastTurn = worker.Turns.GetValueOrDefault(policy);
            candidates.Add(new Candidate(worker.Profile, worker.Free, fleet.FitOf(needs, worker), predicted, lastTurn));
        }

        return candidates;
    }

    private Decision Reserve(WaitingRun run, string policy, PolicyAnswer answer, IReadOnlyDictionary<string, int> refusals)
    {
        var demand = run.Demand;
        var worker = fleet.Find(answer.Chosen.Worker.WorkerId)!;
        var reservation = new Reservation
        {
            RunId = demand.RunId,
            Attempt = demand.Attempt,
            WorkerId = worker.Id,
            MemoryGb = demand.Requirements.MemoryGb,
            CpuCores = demand.Requirements.CpuCores,
            DiskGb = demand.Requirements.DiskGb,
            Devices = DevicePick.Of(run.Shape.Needs, worker)!,
            Keys = [.. demand.ConcurrencyKeys.Distinct(StringComparer.Ordinal)],
        };
        ledger.Add(reservation);
        fleet.Use(worker.Id, ledger.UsedOn(worker.Id));
        worker.Turns[policy] = ++decisions;

        return new Decision
        {
            RunId = demand.RunId,
            Attempt = demand.Attempt,
            WorkerId = worker.Id,
            Reservation = reservation,
            Policy = policy,
            Reason = answer.Reason,
            Score = answer.Score,
            Alternatives = answer.Alternatives,
            Refusals = refusals,
            Predicted = answer.Chosen.Predicted,
        };
    }

    /// <summary>Every registered worker that was no candidate is counted once.</summary>
    private Dictionary<string, int> RefusalsOf(Shape shape, WorkerSet allowed, int[] busy)
    {
        var accepting = shape.Capable.And(fleet.Accepting);
        var allowedNow = accepting.And(allowed);
        busy[(int)RefusalCode.NotAccepting] += shape.Capable.Except(fleet.Accepting).Count;
        busy[(int)RefusalCode.Avoided] += accepting.Except(allowed).Count;
        busy[(int)RefusalCode.SlotsBusy] += allowedNow.Except(fleet.Open).Count;

        var refusals = shape.Refused.ToDictionary(refusal => refusal.Code.InCamelCase(), refusal => refusal.Workers);
        for (var code = 0; code < busy.Length; code++)
        {
            if (busy[code] > 0)
                refusals.Add(((RefusalCode)code).InCamelCase(), busy[code]);
        }

        return refusals;
    }
}
