namespace LoadBalancer.Placement;

/// <summary>What waits, in the order in which it is to be considered, with the shapes of what waits.</summary>
internal sealed class WaitingRuns(Fleet fleet)
{
    private readonly Dictionary<Guid, WaitingRun> byRun = [];
    private readonly SortedSet<WaitingRun> due = new(Comparer<WaitingRun>.Create(ByRank));
    private readonly SortedSet<WaitingRun> delayed = new(Comparer<WaitingRun>.Create(ByNotBefore));
    private readonly Dictionary<string, Shape> shapes = new(StringComparer.Ordinal);
    private long lastNumber;

    public int Count => byRun.Count;

    /// <summary>Those that may be placed: by priority, then by time of submission, then in the order in which they came.</summary>
    public IReadOnlyCollection<WaitingRun> Due => due;

    /// <summary>When the next of the others becomes due.</summary>
    public DateTimeOffset? NextDueAt => delayed.Min?.Demand.NotBefore;

    public bool AnyImpossible => shapes.Values.Any(shape => shape.Capable.IsEmpty);

    public bool Contains(Guid runId) => byRun.ContainsKey(runId);

    public void Put(TestDemand demand)
    {
        var shape = Enter(demand.Requirements);
        Remove(demand.RunId);
        var run = new WaitingRun(demand, shape, ++lastNumber);
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
        var order = left.Demand.Priority.CompareTo(right.Demand.Priority);
        if (order == 0)
            order = left.Demand.SubmittedAt.CompareTo(right.Demand.SubmittedAt);

        return order != 0 ? order : left.Number.CompareTo(right.Number);
    }

    private static int ByNotBefore(WaitingRun left, WaitingRun right)
    {
        var order = Nullable.Compare(left.Demand.NotBefore, right.Demand.NotBefore);
        return order != 0 ? order : left.Number.CompareTo(right.Number);
    }
}

/// <summary>A demand with its shape and the number under which it came.</summary>
internal sealed class WaitingRun(TestDemand demand, Shape shape, long number)
{
    public TestDemand Demand { get; } = demand;

    public Shape Shape { get; } = shape;

    public long Number { get; } = number;
}
