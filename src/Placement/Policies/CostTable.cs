namespace LoadBalancer.Placement;

/// <summary>What each candidate costs, in named parts of seconds; lower is better. A part may be negative where something speaks for it.</summary>
/// <param name="parts">Their names; the first is shown even where it is 0.</param>
/// <param name="candidates">How many there are.</param>
internal sealed class CostTable(string[] parts, int candidates)
{
    private readonly double[] seconds = new double[parts.Length * candidates];

    public double this[int candidate, int part]
    {
        get => seconds[(candidate * parts.Length) + part];
        set => seconds[(candidate * parts.Length) + part] = value;
    }

    /// <summary>In the order of the candidates.</summary>
    public double[] Totals()
    {
        var totals = new double[candidates];
        for (var candidate = 0; candidate < candidates; candidate++)
        {
            for (var part = 0; part < parts.Length; part++)
                totals[candidate] += this[candidate, part];
        }

        return totals;
    }

    /// <summary>To the millisecond; parts of nothing are left out, and those of one name added.</summary>
    public Dictionary<string, double> ByPart(int candidate)
    {
        var named = new Dictionary<string, double>(parts.Length, StringComparer.Ordinal) { [parts[0]] = 0 };
        for (var part = 0; part < parts.Length; part++)
        {
            if (this[candidate, part] is not 0 and var cost)
                named[parts[part]] = Math.Round(named.GetValueOrDefault(parts[part]) + cost, 3);
        }

        return named;
    }
}
