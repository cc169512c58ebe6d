namespace LoadBalancer.Placement;

/// <summary>What waits, in the order in which it is to be considered, with the shapes of what waits.</summary>
/// <param name="fleet">Who could take it.</param>
/// <param name="agingStep">Waiting that is worth one level of priority.</param>
internal sealed class WaitingRuns(Fleet fleet, TimeSpan agingStep)
{
    private readonly Dictionary<Guid, WaitingRun> byRun = [];
    private readonly SortedSet<WaitingRun> due = new(Comparer<WaitingRun>.Create(ByRank));
    private readonly SortedSet<WaitingRun> delayed = new(Comparer<WaitingRun>.Create(ByNotBefore));
    private readonly Dictionary<string, Shape> shapes = new(StringComparer.Ordinal);
    private long lastNumber;

    public int Count => byRun.Count;

    /// <summary>
    /// Those that may be placed: each level of priority counts as one step of waiting, so the order of two runs never changes while they
    /// wait, and the lowest priority is overtaken by nothing that is submitted more than four steps later.
    /// </summary>
    public IReadOnlyCollection<WaitingRun> Due => due;

    /// <summary>When the next of the others becomes due.</summary>
    public DateTimeOffset? NextDueAt => delayed.Min?.Demand.NotBefore;

    public bool AnyImpossible => shapes.Values.Any(shape => shape.Capable.IsEmpty);

    public bool Contains(Guid runId) => byRun.ContainsKey(runId);

    public void Put(TestDemand demand)
    {
        var shape = Enter(demand.Requirements);
        Remove(demand.RunId);
        var run = new WaitingRun(demand, shape, demand.SubmittedAt + ((demand.Priority - 1) * agingStep), ++lastNumber);
        byRun.Add(demand.RunId, run);
        (demand.NotBefore is null ? due : delayed).Add(run);
    }

    public bool Remove(Guid runId)
    {
        if (!byRun.Remove(runId, out var run))
            return false;

        if (!due.Remove(run))
            delayed.Remove(run);

        Leave(run.Shape);
        return true;
    }

    public void RemoveAttempt(Guid runId, int attempt)
    {
        if (byRun.GetValueOrDefault(runId)?.Demand.Attempt == attempt)
            Remove(runId);
    }

    /// <summary>Moves what has waited long enough to <see cref="Due"/>, where it stays.</summary>
    public void Wake(DateTimeOffset now)
    {
        while (delayed.Min is { } run && run.Demand.NotBefore <= now)
        {
            delayed.Remove(run);
            due.Add(run);
        }
    }

    /// <summary>The shape of what waits with equal requirements, else a new one.</summary>
    public Shape ShapeOf(Requirements requirements) =>
        shapes.GetValueOrDefault(Needs.KeyOf(requirements)) ?? Shape.Of(new Needs(requirements), fleet);

    public void WorkerChanged(RegisteredWorker worker)
    {
        foreach (var shape in shapes.Values)
            shape.Examine(worker);
    }

    public void WorkerLeft(RegisteredWorker worker)
    {
        foreach (var shape in shapes.Values)
            shape.Overlook(worker);
    }

    private Shape Enter(Requirements requirements)
    {
        var shape = ShapeOf(requirements);
        shapes.TryAdd(shape.Needs.Key, shape);

        shape.Runs++;
        return shape;
    }

    private void Leave(Shape shape)
    {
        shape.Runs--;
        if (shape.Runs == 0)
            shapes.Remove(shape.Needs.Key);
    }

    private static int ByRank(WaitingRun left, WaitingRun right)
    {
        var order = left.Turn.CompareTo(right.Turn);
        if (order == 0)
            order = left.Demand.Priority.CompareTo(right.Demand.Priority);

        return order != 0 ? order : left.Number.CompareTo(right.Number);
    }

    private static int ByNotBefore(WaitingRun left, WaitingRun right)
    {
        var order = Nullable.Compare(left.Demand.NotBefore, right.Demand.NotBefore);
        return order != 0 ? order : left.Number.CompareTo(right.Number);
    }
}

/// <summary>A demand with its shape, when its turn is if priorities are seen as time, and the number under which it came.</summary>
internal sealed class WaitingRun(TestDemand demand, Shape shape, DateTimeOffset turn, long number)
{
    public TestDemand Demand { get; } = demand;

    public Shape Shape { get; } = shape;

    public DateTimeOffset Turn { get; } = turn;

    public long Number { get; } = number;
}
