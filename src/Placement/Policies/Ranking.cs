namespace LoadBalancer.Placement;

/// <summary>Picks the best few of many. Sorting all of a large fleet for every decision would cost more than deciding.</summary>
internal static class Ranking
{
    /// <summary>The chosen worker and three alternatives.</summary>
    public const int Places = 4;

    /// <summary>Costs closer than this are equal.</summary>
    private const double Tie = 1e-9;

    /// <summary>
    /// The places of the cheapest in the list, cheapest first. Of those equally cheap, one drawn at random comes first, or without chance
    /// the first of the list.
    /// </summary>
    /// <param name="costs">Lower is better; used up.</param>
    /// <param name="chance">Draws between the cheapest.</param>
    /// <exception cref="InvalidOperationException">A cost is no number.</exception>
    public static int[] Cheapest(double[] costs, Random? chance = null)
    {
        var ranked = new int[Math.Min(Places, costs.Length)];
        for (var place = 0; place < ranked.Length; place++)
        {
            ranked[place] = First(costs, place == 0 ? chance : null);
            costs[ranked[place]] = double.PositiveInfinity;
        }

        return ranked;
    }

    private static int First(double[] costs, Random? chance)
    {
        var cheapest = costs[0];
        foreach (var cost in costs)
            cheapest = Math.Min(cheapest, cost);

        var ties = 0;
        foreach (var cost in costs)
            ties += cost <= cheapest + Tie ? 1 : 0;

        var drawn = chance is null || ties == 1 ? 0 : chance.Next(ties);
        for (var i = 0; i < costs.Length; i++)
        {
            if (costs[i] <= cheapest + Tie && drawn-- == 0)
                return i;
        }

        throw new InvalidOperationException($"No smallest of {costs.Length} costs: one of them is no number.");
    }
}
