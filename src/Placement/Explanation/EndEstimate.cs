namespace LoadBalancer.Placement;

/// <summary>
/// Estimates in how long a run will have finished: when the first place is free that could take it, then the work that goes before it
/// divided by those places, then its own duration. Nothing is assumed of what may yet be submitted, and a worker that may be lost counts as
/// one that stays. Lengths are log-normal; how far the sum may be wrong is the root of the sum of the variances.
/// </summary>
internal sealed class EndEstimate(Fleet fleet, ReservationLedger ledger, WaitingRuns waiting, Holds holds, DurationModel durations, TimeSpan agingStep)
{
    /// <summary>The standard normal quantile of 0.9.</summary>
    private const double Normal90 = 1.2815515655446004;

    /// <summary>Of a wider spread than this nothing is known, and its mean would be without bound.</summary>
    private const double WidestSpread = 1;

    /// <summary>Null if nobody who gets work could ever run it, or a key of it is closed.</summary>
    public ExpectedEnd? Of(TestDemand demand, Shape shape, WaitingRun? waits, DateTimeOffset now)
    {
        if (waits is null && ledger.Find(demand.RunId, demand.Attempt) is { } placed)
            return new ExpectedEnd(placed.EndsAt(now) - now, placed.EndsLateAt(now) - now);

        // One that has not stood in line yet has no length either.
        var run = waits is { Line: not null } ? waits : Trial(demand, shape);
        var workers = shape.Allowed(demand.AvoidWorkers, fleet).And(fleet.Accepting);
        if (workers.IsEmpty || ledger.Keys.AnyClosed(demand.ConcurrencyKeys))
            return null;

        var places = workers.Indexes().ToDictionary(index => index, index => PlacesOn(fleet[index], run, now).ToList());
        var own = OwnLength(run, places);
        var start = StartOf(new Slots(places.Values.SelectMany(place => place)), other => PartOf(other, workers), run, own);
        foreach (var key in demand.ConcurrencyKeys.Distinct(StringComparer.Ordinal))
            start = start.Later(StartOf(HoldersOf(key, now), other => other.Demand.ConcurrencyKeys.Contains(key) ? 1 : 0, run, own));

        var delay = Math.Max(0, ((demand.NotBefore ?? now) - now).TotalSeconds);
        var usual = Math.Max(delay, start.Usual);
        var doubt = Math.Sqrt((start.Doubt * start.Doubt) + (own.Doubt * own.Doubt));
        var late = Math.Max(delay, start.Late) + own.Median + (Normal90 * doubt);
        return new ExpectedEnd(TimeSpan.FromSeconds(usual + own.Median), TimeSpan.FromSeconds(late));
    }

    private WaitingRun Trial(TestDemand demand, Shape shape)
    {
        var run = new WaitingRun(demand, shape, demand.SubmittedAt + ((demand.Priority - 1) * agingStep), long.MaxValue);
        run.Predict(fleet.Kinds.All, durations);
        run.Settle(run.PlaceFor([], fleet.Kinds.Accepting));
        return run;
    }

    private Start StartOf(Slots places, Func<WaitingRun, double> part, WaitingRun run, Length own)
    {
        var (surely, perhaps) = Ahead(run, part, own.Spread);
        var doubt = (surely.Variance / (places.Count * places.Count)) + (places.DoubtOfFirst * places.DoubtOfFirst);
        return new Start(places.StartAfter(surely), places.StartAfter(perhaps), Math.Sqrt(doubt));
    }

    /// <summary>What goes before the run by priority and length, and with it what may, having been submitted before.</summary>
    private (Backlog Surely, Backlog Perhaps) Ahead(WaitingRun run, Func<WaitingRun, double> part, double spread)
    {
        var (surely, perhaps) = (default(Backlog), default(Backlog));
        var growth = Math.Exp(spread * spread);
        foreach (var other in waiting.All)
        {
            var isFirst = (other.Turn, other.Number).CompareTo((run.Turn, run.Number)) < 0;
            var goesFirst = Goes(other, run, isFirst);
            if (ReferenceEquals(other, run) || other.Line is null || !(isFirst || goesFirst) || part(other) is not (> 0 and var counted))
                continue;

            var mean = other.Length * Math.Sqrt(growth);
            perhaps = perhaps.With(counted, mean, mean * mean * (growth - 1));
            if (goesFirst)
                surely = surely.With(counted, mean, mean * mean * (growth - 1));
        }

        return (surely, perhaps);
    }

    private static bool Goes(WaitingRun other, WaitingRun run, bool isFirst) =>
        other.Demand.Priority != run.Demand.Priority || other.Length == run.Length ? isFirst : other.Length < run.Length;

    /// <summary>How much of the work of another run falls to these workers, were it spread evenly over those that could do it.</summary>
    private double PartOf(WaitingRun other, WorkerSet workers)
    {
        if (ReferenceEquals(other.Shape.Capable, workers))
            return 1;

        var could = other.Shape.Capable.And(fleet.Accepting);
        return could.IsEmpty ? 0 : (double)could.And(workers).Count / could.Count;
    }

    private IEnumerable<(double FreeIn, double Doubt)> PlacesOn(RegisteredWorker worker, WaitingRun run, DateTimeOffset now)
    {
        var needs = run.Shape.Needs;
        var held = ledger.LastOn(worker.Id).Select(occupation => PlaceOf(occupation, now)).OrderBy(place => place.FreeIn).ToList();
        var free = Enumerable.Repeat((FreeIn: 0.0, Doubt: 0.0), Math.Max(0, worker.Free.Slots));
        var fits = Check.FirstFailed(CapacityChecks.All, needs, worker) is null;
        var first = fits ? 0 : ((holds.RoomAt(run, worker, now) ?? now) - now).TotalSeconds;
        return free.Concat(held).Take(AtOnce(needs, worker)).Select(place => (Math.Max(place.FreeIn, first), place.Doubt));
    }

    private static (double FreeIn, double Doubt) PlaceOf(Occupation occupation, DateTimeOffset now)
    {
        var endsAt = occupation.EndsAt(now);
        return ((endsAt - now).TotalSeconds, Math.Max(0, (occupation.EndsLateAt(now) - endsAt).TotalSeconds) / Normal90);
    }

    /// <summary>How many such runs the worker takes at once when it is empty; at least 1.</summary>
    private static int AtOnce(Needs needs, RegisteredWorker worker)
    {
        var most = (double)worker.Profile.Slots;
        Limit(worker.Profile.MemoryGb, needs.Requirements.MemoryGb);
        Limit(worker.Profile.CpuCores, needs.Requirements.CpuCores);
        Limit(worker.Profile.DiskGb, needs.Requirements.DiskGb);
        foreach (var need in needs.Accelerators)
            Limit(worker.DevicesOf(need.Type).Count(need.Accepts) * Math.Floor((1 / need.Share) + Usage.Tolerance), need.Devices);
        return (int)Math.Max(1, Math.Floor(most + Usage.Tolerance));

        void Limit(double there, double needed) => most = needed > 0 ? Math.Min(most, there / needed) : most;
    }

    private Slots HoldersOf(string key, DateTimeOffset now)
    {
        var held = ledger.Keys.HoldersOf(key)
            .Select(holder => ledger.Find(holder.RunId, holder.Attempt)).OfType<Occupation>()
            .Select(occupation => PlaceOf(occupation, now)).OrderByDescending(place => place.FreeIn).ToList();
        var limit = ledger.Keys.LimitOf(key);
        return new Slots(held.Take(limit).Concat(Enumerable.Repeat((0.0, 0.0), Math.Clamp(limit - held.Count, 0, waiting.Count + 1))));
    }

    /// <summary>Its own duration, averaged over the places that could take it.</summary>
    private Length OwnLength(WaitingRun run, Dictionary<int, List<(double FreeIn, double Doubt)>> places)
    {
        var (median, doubt, spread, count) = (0.0, 0.0, 0.0, 0);
        foreach (var kind in places.GroupBy(entry => fleet[entry.Key].Kind.Class))
        {
            var weight = kind.Sum(entry => entry.Value.Count);
            var forecast = durations.Predict(run.Demand, kind.Key);
            count += weight;
            median += weight * forecast.P50.TotalSeconds;
            doubt += weight * (forecast.P90 - forecast.P50).TotalSeconds / Normal90;
            spread += weight * Math.Min(forecast.LogSpread, WidestSpread);
        }

        return new Length(median / count, doubt / count, spread / count);
    }

    /// <summary>Seconds: the median, what is a standard deviation above it, and the spread of the logarithm.</summary>
    private readonly record struct Length(double Median, double Doubt, double Spread);

    /// <summary>Seconds until it starts: if only what surely goes first does, if all does that may, and a standard deviation of it.</summary>
    private readonly record struct Start(double Usual, double Late, double Doubt)
    {
        public Start Later(Start other) => new(Math.Max(Usual, other.Usual), Math.Max(Late, other.Late), Math.Max(Doubt, other.Doubt));
    }
}
