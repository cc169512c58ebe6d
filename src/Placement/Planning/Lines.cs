namespace LoadBalancer.Placement;

/// <summary>All lines with somebody in them. Those whose key is taken are put to sleep and cost nothing until it is given back.</summary>
internal sealed class Lines(KeyWaiters keyWaiters)
{
    private readonly Dictionary<LineName, Line> byName = [];
    private readonly HashSet<Line> awake = [];
    private readonly Dictionary<string, HashSet<Line>> asleep = new(StringComparer.Ordinal);

    public IEnumerable<Line> All => byName.Values;

    /// <summary>All that stand in a line, by the keys that they wait for.</summary>
    public KeyWaiters KeyWaiters => keyWaiters;

    /// <summary>Lines that wait for a key.</summary>
    public int Asleep => asleep.Values.Sum(lines => lines.Count);

    /// <summary>Lines that may have somebody to place.</summary>
    public HashSet<Line> Awake => awake;

    public void Add(WaitingRun run)
    {
        var name = LineName.Of(run);
        if (!byName.TryGetValue(name, out var line))
        {
            byName[name] = line = new Line(name);
            awake.Add(line);
        }

        line.Add(run);
        keyWaiters.Add(run);
    }

    public void Remove(WaitingRun run)
    {
        if (run.Line is not { } line)
            return;

        line.Remove(run);
        keyWaiters.Remove(run);
        if (line.Count > 0)
            return;

        byName.Remove(line.Name);
        awake.Remove(line);
        if (line.AsleepFor is { } key && asleep.TryGetValue(key, out var lines) && lines.Remove(line) && lines.Count == 0)
            asleep.Remove(key);
    }

    /// <summary>Nobody in this line can go before the key is given back or its limit changes.</summary>
    public void Sleep(Line line, string key)
    {
        awake.Remove(line);
        if (!asleep.TryGetValue(key, out var lines))
            asleep[key] = lines = [];

        lines.Add(line);
        line.AsleepFor = key;
    }

    public void Wake(string key)
    {
        if (!asleep.Remove(key, out var lines))
            return;

        foreach (var line in lines)
        {
            line.AsleepFor = null;
            awake.Add(line);
        }
    }
}
