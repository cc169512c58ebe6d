namespace LoadBalancer.Placement;

/// <summary>Who holds which concurrency key. A key nobody holds and nobody limited takes no space.</summary>
internal sealed class KeyLedger
{
    private const int DefaultLimit = 1;

    private readonly Dictionary<string, List<Reservation>> holders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> limits = new(StringComparer.Ordinal);

    /// <summary>Changes with every limit that is set.</summary>
    public int Version { get; private set; }

    /// <summary>A lower limit takes nothing away from who holds the key now; 0 closes the key.</summary>
    public void Limit(string key, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        if (limit == DefaultLimit)
            limits.Remove(key);
        else
            limits[key] = limit;
        Version++;
    }

    public int LimitOf(string key) => limits.GetValueOrDefault(key, DefaultLimit);

    public IReadOnlyList<Reservation> HoldersOf(string key) => holders.TryGetValue(key, out var held) ? held : [];

    /// <summary>Whether nobody may hold one of them.</summary>
    public bool AnyClosed(IReadOnlyList<string> keys) => limits.Count > 0 && keys.Any(key => LimitOf(key) == 0);

    /// <summary>The first key that one more run cannot have; null if all are to be had.</summary>
    public string? FirstTaken(IReadOnlyList<string> keys)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            if (HoldersOf(keys[i]).Count >= LimitOf(keys[i]))
                return keys[i];
        }

        return null;
    }

    public void Hold(Reservation reservation)
    {
        foreach (var key in reservation.Keys)
        {
            if (!holders.TryGetValue(key, out var held))
                holders[key] = held = [];

            held.Add(reservation);
        }
    }

    public void Free(Reservation reservation)
    {
        foreach (var key in reservation.Keys)
        {
            var held = holders[key];
            held.Remove(reservation);
            if (held.Count == 0)
                holders.Remove(key);
        }
    }
}
