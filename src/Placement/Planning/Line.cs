namespace LoadBalancer.Placement;

/// <summary>
/// Runs that wait for the same: equal requirements, keys and workers to avoid, one priority, and at home on the same kinds. Kept both by turn
/// and, for each submitter, by length, so that the next one is found without looking at the others.
/// </summary>
internal sealed class Line(LineName name)
{
    private static readonly Comparer<WaitingRun> ByTurn = Comparer<WaitingRun>.Create(CompareTurns);
    private static readonly Comparer<WaitingRun> ByLength = Comparer<WaitingRun>.Create(CompareLengths);

    private readonly SortedRuns turns = new(ByTurn);
    private readonly Dictionary<string, SortedRuns> bySubmitter = new(StringComparer.Ordinal);

    public LineName Name { get; } = name;

    public Shape Shape => Name.Shape;

    public int Count => turns.Count;

    public IEnumerable<WaitingRun> Runs => turns.All;

    /// <summary>Whose turn it is by waiting alone.</summary>
    public WaitingRun Oldest => turns.First!;

    /// <summary>The shortest of all submitters; null if there is none.</summary>
    public WaitingRun? Shortest => bySubmitter.Values.Select(runs => runs.First!).MinBy(run => run, ByLength);

    /// <summary>The pass in which nothing more of this line could be placed.</summary>
    public long BlockedIn { get; set; }

    /// <summary>The pass in which there was room for it, but only where a worker is kept for another run.</summary>
    public long HeldOffIn { get; set; }

    /// <summary>The key for which it sleeps; null while it is awake.</summary>
    public string? AsleepFor { get; set; }

    /// <summary>Submitters to their runs, the shortest first.</summary>
    public Dictionary<string, SortedRuns> BySubmitter => bySubmitter;

    public void Add(WaitingRun run)
    {
        turns.Add(run);
        if (!bySubmitter.TryGetValue(run.Demand.Submitter, out var lengths))
            bySubmitter[run.Demand.Submitter] = lengths = new SortedRuns(ByLength);

        lengths.Add(run);
        run.Line = this;
    }

    public void Remove(WaitingRun run)
    {
        turns.Remove(run);
        var lengths = bySubmitter[run.Demand.Submitter];
        lengths.Remove(run);
        if (lengths.Count == 0)
            bySubmitter.Remove(run.Demand.Submitter);

        run.Line = null;
    }

    private static int CompareTurns(WaitingRun left, WaitingRun right)
    {
        var order = left.Turn.CompareTo(right.Turn);
        return order != 0 ? order : left.Number.CompareTo(right.Number);
    }

    private static int CompareLengths(WaitingRun left, WaitingRun right)
    {
        var order = left.Length.CompareTo(right.Length);
        return order != 0 ? order : CompareTurns(left, right);
    }
}

/// <summary>What the runs of a line have in common.</summary>
/// <param name="Shape">Their requirements.</param>
/// <param name="Priority">1 goes first.</param>
/// <param name="Home">Kinds that suit them, one bit each.</param>
/// <param name="Keys">Their keys, and</param>
/// <param name="Avoid">the workers they avoid, each as one text; usually empty.</param>
internal readonly record struct LineName(Shape Shape, int Priority, ulong Home, string Keys, string Avoid)
{
    public static LineName Of(WaitingRun run) => new(
        run.Shape, run.Demand.Priority, run.Home, Joined(run.Demand.ConcurrencyKeys), Joined(run.Demand.AvoidWorkers));

    private static string Joined(IReadOnlyList<string> names) => names.Count switch
    {
        0 => "",
        1 => names[0],
        // Neither a key nor a worker's id can hold this character.
        _ => string.Join('\0', names.Order(StringComparer.Ordinal)),
    };
}
