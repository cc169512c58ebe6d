namespace LoadBalancer.Placement;

/// <summary>Places that take one run after the other, and when each is free, in seconds from now.</summary>
internal sealed class Slots
{
    private readonly PriorityQueue<Place, double> free;

    /// <param name="places">There must be one.</param>
    public Slots(IEnumerable<Place> places)
    {
        free = new(places.Select(place => (place, place.FreeIn)));
        DoubtOfFirst = First.Doubt;
        AreOfSeveralKinds = free.UnorderedItems.Any(item => item.Element.Kind != First.Kind);
    }

    public int Count => free.Count;

    /// <summary>The one that is free next.</summary>
    public Place First => free.Peek();

    /// <summary>A standard deviation, in seconds, of when the first place is free.</summary>
    public double DoubtOfFirst { get; }

    public bool AreOfSeveralKinds { get; }

    /// <summary>A run takes so many places, each as soon as it is free, and all for so long.</summary>
    public void Take(double places, double seconds)
    {
        for (; places > 0; places--)
        {
            var place = First;
            var freeIn = place.FreeIn + (Math.Min(places, 1) * seconds);
            free.EnqueueDequeue(place with { FreeIn = freeIn }, freeIn);
        }
    }
}

/// <summary>A place for one run.</summary>
/// <param name="FreeIn">In how many seconds it is expected to be free.</param>
/// <param name="Doubt">How much later it may be: a standard deviation, in seconds.</param>
/// <param name="Kind">The index of the kind of its worker, or <see cref="AnyKind"/>.</param>
internal readonly record struct Place(double FreeIn, double Doubt, int Kind)
{
    public const int AnyKind = -1;
}
