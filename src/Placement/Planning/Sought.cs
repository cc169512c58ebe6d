namespace LoadBalancer.Placement;

/// <summary>
/// How sought each kind of worker is: how often, lately, a new submission found none of the kind free. Arrivals at random see what is the
/// rule over time (Wolff 1982), so it needs no clock, and a burst that comes at once to an idle fleet sees that nobody competes with it.
/// </summary>
internal sealed class Sought(Fleet fleet)
{
    /// <summary>Submissions that count, the newest most.</summary>
    private const double Memory = 100;

    private readonly double[] taken = new double[WorkerKind.Most];
    private int drawing = -1;
    private double seen;

    /// <summary>From 0 to 1.</summary>
    public double this[WorkerKind kind] => drawing == fleet.Kinds.Drawing ? taken[kind.Index] : 0;

    /// <summary>A run is submitted; only new ones count, not what waits again.</summary>
    public void Note()
    {
        if (drawing != fleet.Kinds.Drawing)
        {
            Array.Clear(taken);
            (drawing, seen) = (fleet.Kinds.Drawing, 0);
        }

        seen = Math.Min(seen + 1, Memory);
        for (var kind = 0; kind < fleet.Kinds.All.Count; kind++)
            taken[kind] += (((fleet.Kinds.Open >> kind & 1) == 0 ? 1 : 0) - taken[kind]) / seen;
    }
}
