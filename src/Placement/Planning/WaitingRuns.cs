namespace LoadBalancer.Placement;

/// <summary>What waits, in lines, with the shapes of what waits, each with what is predicted of it.</summary>
/// <param name="fleet">Who could take it.</param>
/// <param name="keys">Which keys it may have.</param>
/// <param name="durations">Predicts; what it has learned since is taken over little by little.</param>
/// <param name="outlook">What a second of each kind of worker is worth.</param>
/// <param name="options">How much waiting is worth.</param>
internal sealed class WaitingRuns(Fleet fleet, KeyLedger keys, DurationModel durations, Outlook outlook, OrderOptions options)
{
    /// <summary>Runs looked at again in one pass at most, for what was learned and for new prices.</summary>
    private const int PredictedPerPass = 64, SettledPerPass = 256;

    /// <summary>So many predictions are made anew for what one outcome teaches, divided by what waits.</summary>
    private const int PredictionsPerOutcome = 8_000, MostPerOutcome = 32;

    private readonly Dictionary<Guid, WaitingRun> byRun = [];
    private readonly SortedSet<WaitingRun> delayed = new(Comparer<WaitingRun>.Create(ByNotBefore));
    private readonly Shapes shapes = new(fleet);
    private readonly Queue<WaitingRun> sweep = [];
    private long lastNumber;
    private long learned;
    private int fleetVersion;
    private (int Drawing, int Count) kinds;
    private int toPredict;
    private int toSettle;

    public int Count => byRun.Count;

    /// <summary>Those that may be placed.</summary>
    public Lines Lines { get; } = new(new KeyWaiters(fleet, keys, options.LongestOvertaking));

    public ArrivalPace Pace { get; } = new();

    /// <summary>The latest submission seen.</summary>
    public DateTimeOffset LastSubmitted { get; private set; } = DateTimeOffset.MinValue;

    public IReadOnlyCollection<WaitingRun> All => byRun.Values;

    /// <summary>When the next of the others becomes due.</summary>
    public DateTimeOffset? NextDueAt => delayed.Min?.Demand.NotBefore;

    /// <summary>Those that are due and that no registered worker could ever run.</summary>
    public IEnumerable<WaitingRun> Impossible => Lines.All.Where(line => line.Shape.Capable.IsEmpty).SelectMany(line => line.Runs);

    public bool AnyImpossible => shapes.AnyImpossible;

    public bool Contains(Guid runId) => byRun.ContainsKey(runId);

    public WaitingRun? Find(Guid runId) => byRun.GetValueOrDefault(runId);

    public void Put(TestDemand demand)
    {
        var shape = shapes.Enter(demand.Requirements);
        Remove(demand.RunId);
        // Runs of one shape share its requirements: a hundred thousand copies would take more room than all the rest.
        var requirements = shape.Needs.Requirements;
        var shared = ReferenceEquals(demand.Requirements, requirements) ? demand : demand with { Requirements = requirements };
        var run = new WaitingRun(shared, shape, demand.SubmittedAt + ((demand.Priority - 1) * options.AgingStep), ++lastNumber);
        byRun.Add(demand.RunId, run);
        sweep.Enqueue(run);
        outlook.Changed();
        if (demand.Attempt == 1)
            Pace.Note(demand.SubmittedAt);
        LastSubmitted = demand.SubmittedAt > LastSubmitted ? demand.SubmittedAt : LastSubmitted;
        if (demand.NotBefore is not null)
        {
            delayed.Add(run);
            return;
        }

        StandInLine(run);
    }

    public bool Remove(Guid runId)
    {
        if (!byRun.Remove(runId, out var run))
            return false;

        if (run.Line is null)
            delayed.Remove(run);
        else
            Lines.Remove(run);

        outlook.Changed();
        shapes.Leave(run.Shape);
        return true;
    }

    public void RemoveAttempt(Guid runId, int attempt)
    {
        if (byRun.GetValueOrDefault(runId)?.Demand.Attempt == attempt)
            Remove(runId);
    }

    /// <summary>Moves what has waited long enough into line, and takes over some of what was learned.</summary>
    public void Refresh(DateTimeOffset now)
    {
        while (delayed.Min is { } run && run.Demand.NotBefore <= now)
        {
            delayed.Remove(run);
            StandInLine(run);
        }

        var drawn = (fleet.Kinds.Drawing, fleet.Kinds.All.Count);
        if (drawn != kinds)
        {
            kinds = drawn;
            PredictAll();
        }

        var fleetChanged = fleetVersion != fleet.Version;
        if (fleetChanged)
        {
            fleetVersion = fleet.Version;
            outlook.FleetChanged();
        }

        if (outlook.Refresh(byRun.Values, now) || fleetChanged)
            toSettle = Count;

        Sweep();
    }

    /// <summary>Takes a run out of its line for the rest of a pass.</summary>
    public void PutAside(WaitingRun run) => Lines.Remove(run);

    /// <summary>Puts it back, if it still waits.</summary>
    public void PutBack(WaitingRun run)
    {
        if (ReferenceEquals(Find(run.Demand.RunId), run) && run.Line is null)
            Lines.Add(run);
    }

    /// <summary>The shape of what waits with equal requirements, else a new one.</summary>
    public Shape ShapeOf(Requirements requirements) => shapes.Of(requirements);

    public void WorkerChanged(RegisteredWorker worker) => shapes.WorkerChanged(worker);

    public void WorkerLeft(RegisteredWorker worker) => shapes.WorkerLeft(worker);

    private void StandInLine(WaitingRun run)
    {
        if (!run.IsPredictedFor(fleet.Kinds.All.Count))
            run.Predict(fleet.Kinds.All, durations);

        run.Settle(run.PlaceFor(outlook.Prices, fleet.Kinds.Accepting));
        Lines.Add(run);
    }

    private void PredictAll()
    {
        toPredict = 0;
        outlook.FleetChanged();
        foreach (var run in byRun.Values)
        {
            run.Predict(fleet.Kinds.All, durations);
            Settle(run);
        }
    }

    private void Sweep()
    {
        var outcomes = durations.Learned - learned;
        learned = durations.Learned;
        var share = Math.Clamp(PredictionsPerOutcome / Math.Max(Count, 1), 1, MostPerOutcome);
        toPredict = (int)Math.Min(Count, toPredict + (outcomes * share));
        var predictions = Math.Min(toPredict, PredictedPerPass);
        var looks = Math.Max(predictions, Math.Min(toSettle, SettledPerPass));
        (toPredict, toSettle) = (toPredict - predictions, Math.Max(0, toSettle - looks));
        while (looks > 0 && sweep.TryDequeue(out var run))
        {
            if (!ReferenceEquals(Find(run.Demand.RunId), run))
                continue;

            looks--;
            sweep.Enqueue(run);
            if (predictions-- > 0)
                run.Predict(fleet.Kinds.All, durations);

            Settle(run);
        }
    }

    /// <summary>Its length and home may have changed, and with them its place.</summary>
    private void Settle(WaitingRun run)
    {
        if (run.Line is null)
            return;

        var place = run.PlaceFor(outlook.Prices, fleet.Kinds.Accepting);
        if (place == (run.Length, run.Home))
            return;

        Lines.Remove(run);
        run.Settle(place);
        Lines.Add(run);
    }

    private static int ByNotBefore(WaitingRun left, WaitingRun right)
    {
        var order = Nullable.Compare(left.Demand.NotBefore, right.Demand.NotBefore);
        return order != 0 ? order : left.Number.CompareTo(right.Number);
    }
}
