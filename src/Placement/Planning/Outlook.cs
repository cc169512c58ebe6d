namespace LoadBalancer.Placement;

/// <summary>
/// What a second of each kind of worker is worth to all that waits, and how long the fleet will be busy with it. The prices are those of the
/// dual of the linear programme that spreads the work so that it is done soonest, where speeds are unrelated: maximise the sum over runs of
/// the smallest (seconds x price), with the prices of all slots adding up to 1 (Lenstra, Shmoys and Tardos 1990). They are followed by
/// multiplicative weights (Arora, Hazan and Kale 2012) over a sample of what waits; whoever is capable of nothing that waits costs nothing.
/// </summary>
internal sealed class Outlook(Fleet fleet, ReservationLedger ledger, DurationModel durations)
{
    private const int SampleSize = 256;
    /// <summary>Forecasts asked for at each look: a mean needs no more, and each costs as much as a decision.</summary>
    private const int SpreadSampleSize = 64;

    private const int FirstSteps = 40, FurtherSteps = 10;

    /// <summary>How far the shares of a run between nearly equal kinds are smoothed, in logarithms.</summary>
    private const double Softness = 0.08;

    /// <summary>A new outlook is due when this part of what waits has changed, or this part of the time to its end has passed.</summary>
    private const double Staleness = 0.05;

    /// <summary>Nothing that is of use for less time is looked at for its age: where tests are short, that would be at every step.</summary>
    private static readonly TimeSpan YoungestOld = TimeSpan.FromMilliseconds(50);

    /// <summary>Prices that move by less, in logarithms, move nobody's home that matters.</summary>
    private const double NoticeableChange = 0.06;

    private readonly List<WaitingRun> sample = [];
    private double[] prices = [];
    private double[] busy = [];
    private double[] work = [];
    private double[] told = [];
    private int drawing = -1;
    private int changes = int.MaxValue;
    private DateTimeOffset drawnAt;
    private TimeSpan drain;

    /// <summary>By kind; 1 is the mean over all slots.</summary>
    public ReadOnlySpan<double> Prices => prices;

    /// <summary>Seconds of work that is at home on a kind and waits.</summary>
    public double WorkOf(int kind) => work[kind];

    /// <summary>In how many seconds all that waits but one run could be done by the whole fleet at best, when it was looked at last.</summary>
    public double BacklogSeconds { get; private set; }

    public double PriceOf(int kind) => kind < prices.Length ? prices[kind] : 1;

    /// <summary>How uncertain the lengths of what waits are: the mean scale of their logarithms; 0.7 means that two times is ordinary.</summary>
    public double Uncertainty { get; private set; }

    /// <summary>In how many seconds all that waits and runs could be done at best, were it divisible.</summary>
    public double DrainSeconds(DateTimeOffset now) => Math.Max(0, (drain - (now - drawnAt)).TotalSeconds);

    /// <summary>Something waits that did not, or no longer waits.</summary>
    public void Changed() => changes = changes == int.MaxValue ? changes : changes + 1;

    /// <summary>The fleet is another one.</summary>
    public void FleetChanged() => changes = int.MaxValue;

    /// <summary>Looks anew if enough has changed. True if prices are clearly others than when it was true last.</summary>
    public bool Refresh(IReadOnlyCollection<WaitingRun> waiting, DateTimeOffset now)
    {
        var kinds = fleet.Kinds.All;
        var oldAfter = drain * Staleness > YoungestOld ? drain * Staleness : YoungestOld;
        var isOld = changes > waiting.Count * Staleness || now - drawnAt > oldAfter;
        if (kinds.Count == prices.Length && drawing == fleet.Kinds.Drawing && !isOld)
            return false;

        var steps = FurtherSteps;
        if (kinds.Count != prices.Length || drawing != fleet.Kinds.Drawing)
        {
            (prices, busy, work) = (new double[kinds.Count], new double[kinds.Count], new double[kinds.Count]);
            Array.Fill(prices, 1);
            drawing = fleet.Kinds.Drawing;
            steps = FirstSteps;
        }

        (changes, drawnAt) = (0, now);
        TakeSample(waiting);
        CountBusy(now);
        Follow(steps, waiting.Count);
        Uncertainty = MeanSpread();
        return PricesMoved();
    }

    /// <summary>The mean scale of the logarithm of what the sample is predicted to take where it is cheapest.</summary>
    private double MeanSpread()
    {
        var (sum, asked) = (0.0, 0);
        var stride = Math.Max(1, sample.Count / SpreadSampleSize);
        for (var i = 0; i < sample.Count; i += stride)
        {
            sum += durations.Predict(sample[i].Demand, fleet.Kinds.All[Cheapest(sample[i])].Class).LogSpread;
            asked++;
        }

        return asked == 0 ? 0 : sum / asked;
    }

    private int Cheapest(WaitingRun run)
    {
        var (cheapest, best) = (double.PositiveInfinity, 0);
        for (var rest = run.Shape.CapableKinds & fleet.Kinds.Accepting; rest != 0; rest &= rest - 1)
        {
            var kind = System.Numerics.BitOperations.TrailingZeroCount(rest);
            if (run.SecondsOn(kind) * prices[kind] < cheapest)
                (cheapest, best) = (run.SecondsOn(kind) * prices[kind], kind);
        }

        return best;
    }

    private bool PricesMoved()
    {
        var moved = told.Length != prices.Length;
        for (var kind = 0; kind < prices.Length && !moved; kind++)
            moved = Math.Abs(Math.Log(prices[kind] / told[kind])) > NoticeableChange;

        if (moved)
            told = (double[])prices.Clone();
        return moved;
    }

    private void TakeSample(IReadOnlyCollection<WaitingRun> waiting)
    {
        sample.Clear();
        var stride = Math.Max(1, (waiting.Count + SampleSize - 1) / SampleSize);
        var place = 0;
        foreach (var run in waiting)
        {
            if (place++ % stride == 0 && (run.Shape.CapableKinds & fleet.Kinds.Accepting) != 0 && run.IsPredictedFor(prices.Length))
                sample.Add(run);
        }
    }

    private void CountBusy(DateTimeOffset now)
    {
        Array.Clear(busy);
        foreach (var worker in fleet.Workers)
        {
            if (!worker.Profile.Accepting)
                continue;

            var held = ledger.On(worker.Id);
            for (var i = 0; i < held.Count; i++)
                busy[worker.Kind.Index] += (held[i].EndsAt(now) - now).TotalSeconds;
        }
    }

    private void Follow(int steps, int waiting)
    {
        var scale = sample.Count == 0 ? 0 : (double)waiting / sample.Count;
        var kinds = fleet.Kinds.All;
        var slots = 0;
        foreach (var kind in kinds)
            slots += kind.Slots;

        (drain, BacklogSeconds) = (TimeSpan.Zero, 0);
        if (slots == 0)
            return;

        var (best, bestValue) = ((double[])prices.Clone(), -1.0);
        for (var step = 0; step < steps; step++)
        {
            Normalise(kinds, slots);
            var value = Spread(scale) / slots;
            if (value > bestValue)
            {
                bestValue = value;
                prices.CopyTo(best, 0);
            }

            if (value <= 0)
                break;

            var rate = (steps == FirstSteps ? 0.6 : 0.2) / Math.Sqrt(step + 1);
            for (var kind = 0; kind < prices.Length; kind++)
            {
                if (kinds[kind].Slots > 0)
                    prices[kind] *= Math.Exp(rate * Math.Clamp(((work[kind] + busy[kind]) / kinds[kind].Slots / value) - 1, -1, 2));
            }
        }

        best.CopyTo(prices, 0);
        Normalise(kinds, slots);
        drain = TimeSpan.FromSeconds(Spread(scale) / slots);
        var running = 0.0;
        for (var kind = 0; kind < busy.Length; kind++)
            running += busy[kind] * prices[kind];
        BacklogSeconds = waiting == 0 ? 0 : Math.Max(0, drain.TotalSeconds - (running / slots)) * (waiting - 1) / waiting;
    }

    /// <summary>Makes the mean price over all slots 1, none of them nothing.</summary>
    private void Normalise(IReadOnlyList<WorkerKind> kinds, int slots)
    {
        var sum = 0.0;
        for (var kind = 0; kind < prices.Length; kind++)
            sum += kinds[kind].Slots * prices[kind];

        for (var kind = 0; kind < prices.Length; kind++)
            prices[kind] = Math.Max(prices[kind] * slots / sum, 1e-3);
    }

    /// <summary>Divides the sample among the kinds by price, and returns what all of it is worth.</summary>
    private double Spread(double scale)
    {
        Array.Clear(work);
        var value = 0.0;
        for (var kind = 0; kind < busy.Length; kind++)
            value += busy[kind] * prices[kind];

        Span<double> parts = stackalloc double[WorkerKind.Most];
        foreach (var run in sample)
        {
            var capable = run.Shape.CapableKinds & fleet.Kinds.Accepting;
            var cheapest = double.PositiveInfinity;
            for (var rest = capable; rest != 0; rest &= rest - 1)
            {
                var kind = System.Numerics.BitOperations.TrailingZeroCount(rest);
                cheapest = Math.Min(cheapest, run.SecondsOn(kind) * prices[kind]);
            }

            value += cheapest * scale;
            var whole = 0.0;
            for (var rest = capable; rest != 0; rest &= rest - 1)
            {
                var kind = System.Numerics.BitOperations.TrailingZeroCount(rest);
                var excess = (run.SecondsOn(kind) * prices[kind] / cheapest) - 1;
                parts[kind] = excess > 8 * Softness ? 0 : fleet.Kinds.All[kind].Slots * Math.Exp(-excess / Softness);
                whole += parts[kind];
            }

            for (var rest = capable; rest != 0; rest &= rest - 1)
            {
                var kind = System.Numerics.BitOperations.TrailingZeroCount(rest);
                if (parts[kind] > 0)
                    work[kind] += run.SecondsOn(kind) * scale * parts[kind] / whole;
            }
        }

        return value;
    }
}
