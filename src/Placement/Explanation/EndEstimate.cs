namespace LoadBalancer.Placement;

/// <summary>
/// Estimates in how long a run will have finished: when a place that could take it is free and all that goes before it there has been started,
/// then its own duration. Nothing is assumed of what may yet be submitted, and a worker that may be lost counts as one that stays. Lengths are
/// log-normal; how far the sum may be wrong is the root of the sum of the variances.
/// </summary>
internal sealed class EndEstimate(
    Fleet fleet, ReservationLedger ledger, WaitingRuns waiting, Holds holds, DurationModel durations, Order order, SubmitterShares shares, TimeSpan agingStep)
{
    /// <summary>The standard normal quantile of 0.9.</summary>
    private const double Normal90 = 1.2815515655446004;

    /// <summary>
    /// Which run suits which of several kinds of workers is only roughly foreseen: a standard deviation of the time to the start, as a part of it.
    /// </summary>
    private const double DoubtOfKinds = 0.3;

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

        var places = workers.Indexes().SelectMany(index => PlacesOn(fleet[index], run, now)).ToList();
        var own = OwnLength(run, places);
        var drain = DrainSeconds(now);
        var start = StartOf(places, PartsOn(workers, run));
        foreach (var key in demand.ConcurrencyKeys.Distinct(StringComparer.Ordinal))
            start = start.Later(StartOf(HoldersOf(key, now), other => other.Demand.ConcurrencyKeys.Contains(key) ? 1 : 0));

        var delay = Math.Max(0, ((demand.NotBefore ?? now) - now).TotalSeconds);
        var usual = Math.Max(delay, start.Usual) + own.Median;
        var late = Math.Max(delay, start.Late) + own.Median + (Normal90 * Math.Sqrt((start.Doubt * start.Doubt) + (own.Doubt * own.Doubt)));
        return new ExpectedEnd(TimeSpan.FromSeconds(usual), TimeSpan.FromSeconds(late));

        Start StartOf(IEnumerable<Place> among, Func<WaitingRun, double> partOf)
        {
            var parts = new Dictionary<WaitingRun, double>();
            foreach (var other in waiting.All)
            {
                if (other.Line is not null && !ReferenceEquals(other, run) && partOf(other) is > 0 and var part)
                    parts.Add(other, part);
            }

            return StartIn(new Slots(among), parts, new ExpectedTurns(parts.Keys.Append(run), order, shares, now, drain), run, own.Spread, now);
        }
    }

    private WaitingRun Trial(TestDemand demand, Shape shape)
    {
        var run = new WaitingRun(demand, shape, demand.SubmittedAt + ((demand.Priority - 1) * agingStep), long.MaxValue);
        run.Predict(fleet.Kinds.All, durations);
        run.Settle(run.PlaceFor([], fleet.Kinds.Accepting));
        return run;
    }

    /// <summary>
    /// Lets all that is expected to go first take its place. While submissions keep coming, others may come that go before: it is late by as
    /// much as if all did that wait already and were submitted before.
    /// </summary>
    private Start StartIn(Slots places, Dictionary<WaitingRun, double> parts, ExpectedTurns turns, WaitingRun run, double spread, DateTimeOffset now)
    {
        var growth = Math.Exp(spread * spread);
        var variance = 0.0;
        while (turns.Next(places.First.FreeIn, places.First.Kind) is var next && !ReferenceEquals(next, run))
            Take(next);

        var usual = places.First.FreeIn;
        if (order.MoreWillCome(now))
        {
            foreach (var other in parts.Keys.Where(other => (other.Turn, other.Number).CompareTo((run.Turn, run.Number)) < 0).ToList())
                Take(other);
        }

        var byKinds = places.AreOfSeveralKinds ? DoubtOfKinds * usual : 0;
        var doubt = (variance / (places.Count * places.Count)) + (places.DoubtOfFirst * places.DoubtOfFirst) + (byKinds * byKinds);
        return new Start(usual, places.First.FreeIn, Math.Sqrt(doubt));

        void Take(WaitingRun other)
        {
            parts.Remove(other, out var part);
            var mean = other.ExpectedOn(places.First.Kind) * Math.Sqrt(growth);
            variance += part * mean * mean * (growth - 1);
            places.Take(part, mean);
        }
    }

    /// <summary>
    /// In how long all that waits and runs could be done. What has come since the outlook was taken counts too, as if all kinds shared each
    /// run by how fast they are for what waits.
    /// </summary>
    private double DrainSeconds(DateTimeOffset now)
    {
        var kinds = fleet.Kinds.All;
        var speeds = kinds.Select(kind => SpeedOf(kind.Index)).ToArray();
        var work = waiting.All.Sum(run => (double)run.Length);
        foreach (var worker in fleet.Workers)
            work += ledger.On(worker.Id).Sum(occupation => (occupation.EndsAt(now) - now).TotalSeconds) * speeds[worker.Kind.Index];

        var speed = kinds.Sum(kind => kind.Slots * speeds[kind.Index]);
        return Math.Max(order.DrainSeconds(now), speed > 0 ? work / speed : 0);
    }

    /// <summary>Seconds where a run is fastest for its seconds on this kind, over all that wait; 1 if nothing does.</summary>
    private double SpeedOf(int kind)
    {
        var (fastest, here) = (0.0, 0.0);
        foreach (var run in waiting.All)
        {
            if ((run.Shape.CapableKinds >> kind & 1) == 0)
                continue;

            fastest += run.Length;
            here += run.ExpectedOn(kind);
        }

        return here > 0 ? fastest / here : 1;
    }

    /// <summary>
    /// How many places of the run another one takes, on average over the workers that could take that one: one that needs more of a worker
    /// takes several, one that could also go elsewhere a part.
    /// </summary>
    private Func<WaitingRun, double> PartsOn(WorkerSet workers, WaitingRun run)
    {
        var byShape = new Dictionary<Shape, double>();
        return other => byShape.TryGetValue(other.Shape, out var part) ? part : byShape[other.Shape] = PartOf(other.Shape);

        double PartOf(Shape other)
        {
            var could = other.Capable.And(fleet.Accepting);
            var both = could.And(workers);
            if (both.IsEmpty)
                return 0;

            var worker = fleet[both.FirstFrom(0)];
            return (double)both.Count / could.Count * AtOnce(run.Shape.Needs, worker) / AtOnce(other.Needs, worker);
        }
    }

    private IEnumerable<Place> PlacesOn(RegisteredWorker worker, WaitingRun run, DateTimeOffset now)
    {
        var needs = run.Shape.Needs;
        var held = ledger.LastOn(worker.Id).Select(occupation => PlaceOf(occupation, worker.Kind.Index, now)).OrderBy(place => place.FreeIn).ToList();
        var free = Enumerable.Repeat(new Place(0, 0, worker.Kind.Index), Math.Max(0, worker.Free.Slots));
        var fits = Check.FirstFailed(CapacityChecks.All, needs, worker) is null;
        var first = fits ? 0 : ((holds.RoomAt(run, worker, now) ?? now) - now).TotalSeconds;
        return free.Concat(held).Take(AtOnce(needs, worker)).Select(place => place with { FreeIn = Math.Max(place.FreeIn, first) });
    }

    private static Place PlaceOf(Occupation occupation, int kind, DateTimeOffset now)
    {
        var endsAt = occupation.EndsAt(now);
        return new Place((endsAt - now).TotalSeconds, Math.Max(0, (occupation.EndsLateAt(now) - endsAt).TotalSeconds) / Normal90, kind);
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

    /// <summary>The places of a key, on whatever worker.</summary>
    private IEnumerable<Place> HoldersOf(string key, DateTimeOffset now)
    {
        var held = ledger.Keys.HoldersOf(key)
            .Select(holder => ledger.Find(holder.RunId, holder.Attempt)).OfType<Occupation>()
            .Select(occupation => PlaceOf(occupation, Place.AnyKind, now)).OrderByDescending(place => place.FreeIn).ToList();
        var limit = ledger.Keys.LimitOf(key);
        return held.Take(limit).Concat(Enumerable.Repeat(new Place(0, 0, Place.AnyKind), Math.Clamp(limit - held.Count, 0, waiting.Count + 1)));
    }

    /// <summary>Its own duration: the mean over the places that could take it, of which those that are done sooner take more runs.</summary>
    private Length OwnLength(WaitingRun run, List<Place> places)
    {
        var (sum, variance, spread, squares, weights) = (0.0, 0.0, 0.0, 0.0, 0.0);
        foreach (var kind in places.CountBy(place => place.Kind))
        {
            var forecast = durations.Predict(run.Demand, fleet.Kinds.All[kind.Key].Class);
            var median = forecast.P50.TotalSeconds;
            var doubt = (forecast.P90 - forecast.P50).TotalSeconds / Normal90;
            var weight = kind.Value / median;
            weights += weight;
            sum += weight * median;
            squares += weight * median * median;
            variance += weight * doubt * doubt;
            spread += weight * Math.Min(forecast.LogSpread, WidestSpread);
        }

        var mean = sum / weights;
        return new Length(mean, Math.Sqrt(Math.Max(0, ((variance + squares) / weights) - (mean * mean))), spread / weights);
    }

    /// <summary>Seconds: the median, what is a standard deviation above it, and the spread of the logarithm.</summary>
    private readonly record struct Length(double Median, double Doubt, double Spread);

    /// <summary>Seconds until it starts, usually and if others go before that may, and a standard deviation of it.</summary>
    private readonly record struct Start(double Usual, double Late, double Doubt)
    {
        public Start Later(Start other) => new(Math.Max(Usual, other.Usual), Math.Max(Late, other.Late), Math.Max(Doubt, other.Doubt));
    }
}
