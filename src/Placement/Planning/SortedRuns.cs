namespace LoadBalancer.Placement;

/// <summary>Runs in an order of their own, of which those at the ends are asked for far more often than any changes.</summary>
internal sealed class SortedRuns(IComparer<WaitingRun> order)
{
    /// <summary>Runs of an end that are looked at.</summary>
    private const int Few = 6;

    private readonly SortedSet<WaitingRun> runs = new(order);
    private WaitingRun[]? firstFew;
    private WaitingRun[]? lastFew;

    public int Count => runs.Count;

    /// <summary>Null if there are none, as for <see cref="Last"/>.</summary>
    public WaitingRun? First { get; private set; }

    public WaitingRun? Last { get; private set; }

    public IEnumerable<WaitingRun> All => runs;

    public IReadOnlyList<WaitingRun> FirstFew => firstFew ??= [.. runs.Take(Few)];

    /// <summary>From the last on.</summary>
    public IReadOnlyList<WaitingRun> LastFew => lastFew ??= [.. runs.Reverse().Take(Few)];

    public void Add(WaitingRun run)
    {
        runs.Add(run);
        if (First is null || order.Compare(run, First) < 0)
            First = run;
        if (Last is null || order.Compare(run, Last) > 0)
            Last = run;
        Forget(run);
    }

    public void Remove(WaitingRun run)
    {
        runs.Remove(run);
        if (ReferenceEquals(run, First))
            First = runs.Min;
        if (ReferenceEquals(run, Last))
            Last = runs.Max;
        Forget(run);
    }

    /// <summary>The first that is not before a bound.</summary>
    /// <param name="bound">Need not be one of them.</param>
    /// <param name="known">One of them that is not before it.</param>
    public WaitingRun FirstFrom(WaitingRun bound, WaitingRun known) =>
        order.Compare(bound, First) <= 0 ? First! : runs.GetViewBetween(bound, known).Min!;

    /// <summary>Who is near an end is found anew where this run has come or gone there.</summary>
    private void Forget(WaitingRun run)
    {
        if (firstFew is not null && (firstFew.Length < Few || order.Compare(run, firstFew[^1]) <= 0))
            firstFew = null;
        if (lastFew is not null && (lastFew.Length < Few || order.Compare(run, lastFew[^1]) >= 0))
            lastFew = null;
    }
}
