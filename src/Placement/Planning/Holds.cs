namespace LoadBalancer.Placement;

/// <summary>
/// Workers that are kept for a run which needs more of one than it has free: several devices, or much memory. Without that, small runs
/// would take each bit as it is freed, for ever. Others may still run there if they are expected to be done before, or fit beside it
/// (EASY backfilling; Lifka 1995).
/// </summary>
internal sealed class Holds(Fleet fleet, ReservationLedger ledger, TimeSpan longestOvertaking)
{
    /// <summary>Kept at once: beyond the first few, the fleet is not short of one big place but full.</summary>
    private const int Most = 8;

    private const int WorkersCompared = 64;

    private readonly Dictionary<string, Hold> byWorker = new(StringComparer.Ordinal);
    private readonly HashSet<Guid> runs = [];

    public IEnumerable<Hold> All => byWorker.Values;

    public bool IsEmpty => byWorker.Count == 0;

    /// <summary>Whether one was given up since <see cref="TakeDropped"/>.</summary>
    public bool AnyDropped { get; private set; }

    public Hold? On(string workerId) => byWorker.GetValueOrDefault(workerId);

    public Hold? For(Guid runId) => runs.Contains(runId) ? byWorker.Values.First(hold => hold.Run.Demand.RunId == runId) : null;

    /// <summary>Gives up what is kept for runs that no longer wait, or on workers that get no work.</summary>
    /// <param name="stillWaits">Whether a run waits and could go if there were room.</param>
    public void Review(Func<WaitingRun, bool> stillWaits)
    {
        if (IsEmpty)
            return;

        foreach (var (workerId, hold) in byWorker.ToList())
        {
            if (fleet.Find(workerId) is not { Profile.Accepting: true } worker || !AllowedOf(hold.Run).Contains(worker.Index) || !stillWaits(hold.Run))
                Drop(hold.Run);
        }
    }

    /// <summary>Whether any was given up since this was asked last.</summary>
    public bool TakeDropped()
    {
        var any = AnyDropped;
        AnyDropped = false;
        return any;
    }

    /// <summary>Nothing is kept any more for a run that would not take it.</summary>
    public void Drop(WaitingRun run)
    {
        if (For(run.Demand.RunId) is not { } hold)
            return;

        byWorker.Remove(hold.WorkerId);
        runs.Remove(run.Demand.RunId);
        AnyDropped = true;
    }

    /// <summary>
    /// Keeps for this run the worker that is expected to have room for it first, be it one that is kept for a run that came so much later
    /// that it overtakes nothing.
    /// </summary>
    public void Keep(WaitingRun run, WorkerSet allowed, DateTimeOffset now)
    {
        if (runs.Contains(run.Demand.RunId))
            return;

        var (chosen, soonest) = ((RegisteredWorker?)null, DateTimeOffset.MaxValue);
        foreach (var index in allowed.And(fleet.Accepting).Indexes().Take(WorkersCompared))
        {
            var worker = fleet[index];
            if (!MayKeep(worker, run) || RoomAt(run, worker, now) is not { } roomAt || roomAt >= soonest)
                continue;

            (chosen, soonest) = (worker, roomAt);
        }

        if (chosen is null)
            return;

        if (On(chosen.Id) is { } later)
            Drop(later.Run);
        byWorker[chosen.Id] = new Hold(run, chosen.Id);
        runs.Add(run.Demand.RunId);
    }

    private bool MayKeep(RegisteredWorker worker, WaitingRun run) =>
        On(worker.Id) is { } hold ? IsMuchLater(hold.Run, than: run) : byWorker.Count < Most;

    private bool IsMuchLater(WaitingRun run, WaitingRun than) => run.Demand.SubmittedAt > than.Demand.SubmittedAt + longestOvertaking;

    /// <summary>Whether a run may start on a worker now without delaying the one for which it is kept.</summary>
    /// <param name="run">The run that would start.</param>
    /// <param name="worker">Where it fits.</param>
    /// <param name="late">How long it takes if it takes long.</param>
    /// <param name="now">The caller's time.</param>
    public bool Allow(WaitingRun run, RegisteredWorker worker, TimeSpan late, DateTimeOffset now)
    {
        if (On(worker.Id) is not { } hold || ReferenceEquals(hold.Run, run) || run.Turn < hold.Run.Turn)
            return true;

        if (IsMuchLater(run, than: hold.Run))
            return false;

        if (RoomAt(hold.Run, worker, now) is not { } roomAt)
            return true;

        return now + late <= roomAt || FitsBeside(hold.Run, run, worker, roomAt, now);
    }

    private WorkerSet AllowedOf(WaitingRun run) => run.Shape.Allowed(run.Demand.AvoidWorkers, fleet);

    /// <summary>When the worker is expected to have room for the run; null if it cannot be said.</summary>
    public DateTimeOffset? RoomAt(WaitingRun run, RegisteredWorker worker, DateTimeOffset now)
    {
        var left = ledger.LastOn(worker.Id).OrderBy(occupation => occupation.EndsAt(now)).ToList();
        while (left.Count > 0)
        {
            var endsAt = left[0].EndsAt(now);
            left.RemoveAt(0);
            if (Fits(run, worker, Usage.Of(left)))
                return endsAt;
        }

        return null;
    }

    private bool FitsBeside(WaitingRun kept, WaitingRun run, RegisteredWorker worker, DateTimeOffset at, DateTimeOffset now)
    {
        var needs = run.Shape.Needs;
        if (DevicePick.Of(needs, worker) is not { } devices)
            return false;

        var others = ledger.LastOn(worker.Id).Where(occupation => occupation.EndsAt(now) > at).ToList();
        others.Add(new Occupation(
            new Reservation
            {
                RunId = run.Demand.RunId,
                Attempt = run.Demand.Attempt,
                WorkerId = worker.Id,
                MemoryGb = needs.Requirements.MemoryGb,
                CpuCores = needs.Requirements.CpuCores,
                DiskGb = needs.Requirements.DiskGb,
                Devices = devices,
            },
            null, now, null));
        return Fits(kept, worker, Usage.Of(others));
    }

    private static bool Fits(WaitingRun run, RegisteredWorker worker, Usage used)
    {
        var present = worker.Used;
        worker.Used = used;
        try
        {
            return Check.FirstFailed(CapacityChecks.All, run.Shape.Needs, worker) is null;
        }
        finally
        {
            worker.Used = present;
        }
    }
}

/// <summary>A worker that is kept for a run.</summary>
internal sealed record Hold(WaitingRun Run, string WorkerId);
