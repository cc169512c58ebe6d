namespace LoadBalancer.Placement;

/// <summary>
/// Finds the least change that starts a waiting run in the next pass. Only what is certain is named: a place that somebody else who waits
/// could take as well, or a worker that the policy might pass over for a faster one, is left out.
/// </summary>
internal sealed class RelaxationSearch(Fleet fleet, KeyLedger keys, Holds holds, WaitingRuns waiting, DurationModel durations)
{
    private const int MostChanges = 2, MostTried = 64;

    /// <summary>A second change is worse than any first one.</summary>
    private const double CostOfAnother = 2;

    /// <summary>Null if no change or pair of changes starts it, or it needs none.</summary>
    public Relaxation? Find(WaitingRun run, DateTimeOffset now)
    {
        // Whoever waits by choice may choose otherwise as soon as anything changes.
        if (waiting.Patient.Exists(other => !ReferenceEquals(other, run)))
            return null;

        if (OutsideOfWorkers(run, now) is not { } outside || outside.Changes.Count > MostChanges)
            return null;

        var found = Possible(run, outside).OrderBy(candidate => candidate.Cost).Take(MostTried);
        // Most candidates ask for the same, and who could run that takes a look at every worker.
        var shapes = new Dictionary<Requirements, Shape>(SameRequirements.Comparer);
        if (found.FirstOrDefault(candidate => Starts(candidate, run, shapes, now)) is not { } best)
            return WithResumed(run, outside) ?? WithWorker(run, outside);

        return best.Changes.Count == 0
            ? null
            : new Relaxation(string.Join(", and ", best.Changes.Select(change => change.Text)), best.Demand, outside.KeyLimits, null);
    }

    /// <summary>What must change wherever it runs; null if a key that it needs would go to somebody else.</summary>
    private Outside? OutsideOfWorkers(WaitingRun run, DateTimeOffset now)
    {
        if (waiting.Lines.KeyWaiters.LeftToAnother(run.Demand, run.Shape) is not null)
            return null;

        var changes = new List<Change>();
        var limits = new Dictionary<string, int>(StringComparer.Ordinal);
        if (run.Demand.NotBefore > now)
            changes.Add(Change.StartNow());

        foreach (var key in run.Demand.ConcurrencyKeys.Distinct(StringComparer.Ordinal).Where(key => keys.FirstTaken([key]) is not null))
        {
            if (Others(run).Any(line => line.Oldest.Demand.ConcurrencyKeys.Contains(key)))
                return null;

            limits[key] = keys.HoldersOf(key).Count + 1;
            changes.Add(Change.RaiseKey(key, limits[key]));
        }

        return new Outside(changes, limits);
    }

    private IEnumerable<Possibility> Possible(WaitingRun run, Outside outside)
    {
        var changed = outside.Changes.Aggregate(run.Demand, (demand, change) => change.Apply(demand));
        foreach (var worker in fleet.Workers)
        {
            foreach (var way in WorkerChanges.Ways(changed, worker, MostChanges - outside.Changes.Count))
            {
                IReadOnlyList<Change> changes = [.. outside.Changes, .. way];
                yield return new Possibility(worker, changes, way.Aggregate(changed, (demand, change) => change.Apply(demand)));
                if (run.Demand.AvoidWorkers.Contains(worker.Id) && changes.Count < MostChanges)
                    yield return Again(worker, changes, way.Aggregate(changed, (demand, change) => change.Apply(demand)));
            }
        }
    }

    private static Possibility Again(RegisteredWorker worker, IReadOnlyList<Change> changes, TestDemand demand)
    {
        var again = Change.AllowAgain(worker.Id);
        return new Possibility(worker, [.. changes, again], again.Apply(demand));
    }

    private bool Starts(Possibility candidate, WaitingRun run, Dictionary<Requirements, Shape> shapes, DateTimeOffset now)
    {
        var (worker, demand) = (candidate.Worker, candidate.Demand);
        if (!shapes.TryGetValue(demand.Requirements, out var shape))
            shapes[demand.Requirements] = shape = waiting.ShapeOf(demand.Requirements);

        var trial = new WaitingRun(demand, shape, run.Turn, run.Number);
        return shape.Allowed(demand.AvoidWorkers, fleet).Contains(worker.Index)
            && !Others(run).Any(line => CouldTake(line, worker) || CouldKeep(line, run, worker))
            && holds.Allow(trial, worker, durations.Predict(demand, worker.Kind.Class).P90, now)
            && !WouldRatherWait(demand, shape, worker.Kind.Class);
    }

    /// <summary>The run would start on a drained worker that only it could use.</summary>
    private Relaxation? WithResumed(WaitingRun run, Outside outside)
    {
        if (outside.Changes.Count > 0 || run.PassedOver is not null)
            return null;

        foreach (var worker in run.Shape.Capable.Except(fleet.Accepting).Indexes().Select(index => fleet[index]).Take(MostTried))
        {
            if (CapacityChecks.All.All(check => check.Code == RefusalCode.NotAccepting || check.Shortfall(run.Shape.Needs, worker) <= 0)
                && !run.Demand.AvoidWorkers.Contains(worker.Id)
                && !Others(run).Any(line => line.Shape.Capable.Contains(worker.Index))
                && !WouldRatherWait(run.Demand, run.Shape, worker.Kind.Class))
            {
                return new Relaxation($"resume {worker.Id}", run.Demand, outside.KeyLimits, worker.Profile with { Accepting = true });
            }
        }

        return null;
    }

    /// <summary>The run would start on a new worker that only it could use.</summary>
    private Relaxation? WithWorker(WaitingRun run, Outside outside)
    {
        if (outside.Changes.Count > 0 || run.PassedOver is not null)
            return null;

        foreach (var worker in run.Shape.Capable.Indexes().Select(index => fleet[index]).Take(MostTried))
        {
            if (Others(run).Any(line => line.Shape.Capable.Contains(worker.Index)) || WouldRatherWait(run.Demand, run.Shape, worker.Kind.Class))
                continue;

            var joining = worker.Profile with { WorkerId = NewName(worker.Id), Accepting = true };
            return new Relaxation($"add one more worker like {worker.Id}", run.Demand, outside.KeyLimits, joining);
        }

        return null;
    }

    private string NewName(string workerId)
    {
        var number = 2;
        while (fleet.Find($"{workerId}-{number}") is not null)
            number++;
        return $"{workerId}-{number}";
    }

    private IEnumerable<Line> Others(WaitingRun run) => waiting.Lines.All.Where(line => line.Count > 1 || !ReferenceEquals(line.Oldest, run));

    private bool CouldTake(Line line, RegisteredWorker worker) =>
        line.Shape.Capable.Contains(worker.Index)
        && Check.FirstFailed(CapacityChecks.All, line.Shape.Needs, worker) is null
        && keys.FirstTaken(line.Oldest.Demand.ConcurrencyKeys) is null;

    /// <summary>
    /// Somebody who waits longer may be kept this worker in the next pass: who has none kept yet, or anybody if the run, by changing, loses
    /// the worker that is kept for it.
    /// </summary>
    private bool CouldKeep(Line line, WaitingRun run, RegisteredWorker worker)
    {
        if (holds.For(run.Demand.RunId) is { } own && line.Shape.Capable.Contains(fleet.Find(own.WorkerId)!.Index))
            return true;

        return line.Shape.Capable.Contains(worker.Index)
            && line.Runs.TakeWhile(other => other.Turn <= run.Turn)
                .Any(other => !ReferenceEquals(other, run) && holds.For(other.Demand.RunId) is null);
    }

    /// <summary>
    /// Whether a kind of worker that is busy now may be expected to take less time, so that a policy may wait for it; by which single workers are
    /// prepared, or fail more often, that may be any.
    /// </summary>
    private bool WouldRatherWait(TestDemand demand, Shape shape, string workerClass)
    {
        var here = durations.Predict(demand, workerClass);
        var mayBeAny = durations.Failing.Any || durations.Warm.For(demand).IsAny;
        return fleet.Kinds.All.Any(kind =>
            (shape.CapableKinds & fleet.Kinds.Accepting & ~fleet.Kinds.Open & kind.Bit) != 0
            && (mayBeAny || IsFaster(durations.Predict(demand, kind.Class), here)));
    }

    /// <summary>At equal certainty.</summary>
    private static bool IsFaster(DurationForecast there, DurationForecast here) => there.P90 < here.P90;

    private sealed record Outside(IReadOnlyList<Change> Changes, IReadOnlyDictionary<string, int> KeyLimits);

    private sealed record Possibility(RegisteredWorker Worker, IReadOnlyList<Change> Changes, TestDemand Demand)
    {
        public double Cost => Changes.Sum(change => change.Cost) + (CostOfAnother * Changes.Count);
    }
}
