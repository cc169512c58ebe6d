namespace LoadBalancer.Cli.Simulation;

/// <summary>
/// The bound of the linear program in which a run may be split over machines: the least time T in which every kind's load fits its
/// machines. Its dual asks for a price per second on each kind: with y >= 0 and sum(n_c y_c) = 1 no schedule is shorter than
/// sum_j min_c(p_jc y_c), whatever the prices are (Lenstra, Shmoys and Tardos 1990). So prices are only sought, never proven best: where the
/// runs that find a kind cheapest overload it, its price is raised (exponentiated subgradient, Arora, Hazan and Kale 2012).
/// </summary>
internal static class LinearProgramBound
{
    private const int MostSteps = 600;
    private const int LeastSteps = 50;

    /// <summary>Times looked at in all steps together, a matter of seconds: on a large problem fewer steps are taken.</summary>
    private const double MostTimes = 3e9;

    /// <summary>The first step at most triples a kind's share of the prices.</summary>
    private const double FirstStep = 1;

    /// <summary>After so many steps that find nothing better, it goes back to the best prices and on in steps half as long.</summary>
    private const int Patience = 20;

    /// <summary>In seconds from the first submission, which counts as that of all.</summary>
    public static double Of(BoundProblem problem)
    {
        var groups = problem.Runs.CountBy(run => run.Times, SameTimes.Instance).ToList();
        var kinds = problem.Machines.Count;
        // Each kind's price times its machines: they sum to 1.
        var shares = Enumerable.Repeat(1.0 / kinds, kinds).ToArray();
        var loads = new double[kinds];
        var (best, bestShares, size, stale) = (0.0, shares, FirstStep, 0);
        var steps = Math.Clamp(MostTimes / ((double)groups.Count * kinds), LeastSteps, MostSteps);
        for (var step = 1; step <= steps; step++)
        {
            var value = ValueAt(shares, groups, problem.Machines, loads);
            if (value > best)
            {
                (best, bestShares, stale) = (value, [.. shares], 0);
            }
            else if (++stale == Patience)
            {
                (shares, size, stale) = ([.. bestShares], size / 2, 0);
                continue;
            }

            Raise(shares, loads, size);
        }

        return best;
    }

    /// <summary>
    /// The bound by these prices; <paramref name="loads"/> gets the seconds per machine that they would put on each kind.
    /// </summary>
    private static double ValueAt(double[] shares, List<KeyValuePair<double[], int>> groups, IReadOnlyList<int> machines, double[] loads)
    {
        Array.Clear(loads);
        var value = 0.0;
        foreach (var (times, count) in groups)
        {
            var (cheapest, cost) = (-1, double.PositiveInfinity);
            for (var kind = 0; kind < shares.Length; kind++)
            {
                if (times[kind] * shares[kind] / machines[kind] is var here && here < cost)
                    (cheapest, cost) = (kind, here);
            }

            value += count * cost;
            loads[cheapest] += count * times[cheapest] / machines[cheapest];
        }

        return value;
    }

    private static void Raise(double[] shares, double[] loads, double step)
    {
        var heaviest = loads.Max();
        if (heaviest <= 0) return;

        for (var kind = 0; kind < shares.Length; kind++) shares[kind] *= Math.Exp(step * loads[kind] / heaviest);
        var sum = shares.Sum();
        for (var kind = 0; kind < shares.Length; kind++) shares[kind] /= sum;
    }
}
