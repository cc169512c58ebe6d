namespace LoadBalancer.Placement;

/// <summary>Places that take one run after the other, and when each is free, in seconds from now.</summary>
internal sealed class Slots
{
    private readonly double[] freeIn;

    /// <param name="places">When each is expected to be free, and how much later it may be (a standard deviation), in seconds.</param>
    public Slots(IEnumerable<(double FreeIn, double Doubt)> places)
    {
        var ordered = places.OrderBy(place => place.FreeIn).ToList();
        freeIn = [.. ordered.Select(place => place.FreeIn)];
        DoubtOfFirst = ordered.Count == 0 ? 0 : ordered[0].Doubt;
    }

    public int Count => freeIn.Length;

    /// <summary>A standard deviation, in seconds, of when the first place is free.</summary>
    public double DoubtOfFirst { get; }

    /// <summary>
    /// When the next run starts after this work, spread over the places as if it were divisible. All places but one are still busy at that
    /// moment, on average with half a run each, which need not be waited for.
    /// </summary>
    public double StartAfter(Backlog work)
    {
        var unfinished = work.Runs < 1 ? 0 : Math.Min(work.Runs, Count - 1) * (work.Seconds / work.Runs) / 2;
        var left = work.Seconds - unfinished;
        var level = freeIn[0];
        for (var open = 1; left > 0; open++)
        {
            var room = open < Count ? (freeIn[open] - level) * open : double.PositiveInfinity;
            var poured = Math.Min(left, room);
            level += poured / open;
            left -= poured;
        }

        return level;
    }
}

/// <summary>Runs that go first: how many, their seconds, and the variance of these. Runs that others may take too count in part.</summary>
internal readonly record struct Backlog(double Runs, double Seconds, double Variance)
{
    public Backlog With(double part, double seconds, double variance) => new(Runs + part, Seconds + (part * seconds), Variance + (part * variance));
}
