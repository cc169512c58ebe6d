namespace LoadBalancer.Placement;

/// <summary>Runs in an order of their own, of which the first and the last are asked for far more often than any changes.</summary>
internal sealed class SortedRuns(IComparer<WaitingRun> order)
{
    private readonly SortedSet<WaitingRun> runs = new(order);

    public int Count => runs.Count;

    /// <summary>Null if there are none, as for <see cref="Last"/>.</summary>
    public WaitingRun? First { get; private set; }

    public WaitingRun? Last { get; private set; }

    public IEnumerable<WaitingRun> Ascending => runs;

    public IEnumerable<WaitingRun> Descending => runs.Reverse();

    public void Add(WaitingRun run)
    {
        runs.Add(run);
        if (First is null || order.Compare(run, First) < 0)
            First = run;
        if (Last is null || order.Compare(run, Last) > 0)
            Last = run;
    }

    public void Remove(WaitingRun run)
    {
        runs.Remove(run);
        if (ReferenceEquals(run, First))
            First = runs.Min;
        if (ReferenceEquals(run, Last))
            Last = runs.Max;
    }

    /// <summary>The first that is not before a bound.</summary>
    /// <param name="bound">Need not be one of them.</param>
    /// <param name="known">One of them that is not before it.</param>
    public WaitingRun FirstFrom(WaitingRun bound, WaitingRun known) =>
        order.Compare(bound, First) <= 0 ? First! : runs.GetViewBetween(bound, known).Min!;
}
