namespace LoadBalancer.Cli.Simulation;

/// <summary>
/// A makespan, in seconds from the first submission, below which no schedule can come, however clever: the largest of several bounds, each
/// of which forgets something. It forgets the time to start, joining and leaving, and that a slot may lack devices or memory.
/// </summary>
internal static class LowerBound
{
    public static double Of(BoundProblem problem)
    {
        if (problem.Runs.Count == 0) return 0;

        var start = problem.Runs.Min(run => run.At);
        double[] bounds =
        [
            problem.Runs.Max(run => run.At + run.Fastest) - start,
            WorkOfSubsets(problem, start),
            WorkOfKeys(problem.Runs, start),
            LinearProgramBound.Of(problem),
        ];
        return bounds.Max();
    }

    /// <summary>
    /// For each set of kinds that are all that some run can use: what can run nowhere else, at its fastest, with every slot always busy.
    /// The set of all kinds is one of them where some run can use all, and always looked at.
    /// </summary>
    private static double WorkOfSubsets(BoundProblem problem, double start)
    {
        var bySet = problem.Runs.GroupBy(run => run.CapableKinds).ToDictionary(set => set.Key, set => set.ToList());
        var all = new string('1', problem.Machines.Count);
        return bySet.Keys.Append(all).Distinct().Max(set =>
        {
            var confined = bySet.Where(other => IsSubset(other.Key, set)).SelectMany(other => other.Value);
            var machines = problem.Machines.Where((_, kind) => set[kind] == '1').Sum();
            return Work(confined, machines, start);
        });
    }

    private static double WorkOfKeys(IReadOnlyList<BoundedRun> runs, double start) =>
        runs.SelectMany(run => run.Keys, (run, key) => (run, key))
            .GroupBy(entry => entry.key, entry => entry.run)
            .Select(key => Work(key, key.Key.Limit, start))
            .DefaultIfEmpty()
            .Max();

    /// <summary>
    /// So many machines need so long for the work of the runs that were submitted last, and cannot begin before the first of these came;
    /// the most that any number of last runs asks for.
    /// </summary>
    private static double Work(IEnumerable<BoundedRun> runs, int machines, double start)
    {
        var (work, most) = (0.0, 0.0);
        foreach (var run in runs.OrderByDescending(run => run.At))
        {
            work += run.Fastest;
            most = Math.Max(most, run.At - start + (work / machines));
        }

        return most;
    }

    private static bool IsSubset(string set, string of)
    {
        for (var kind = 0; kind < set.Length; kind++)
        {
            if (set[kind] == '1' && of[kind] == '0') return false;
        }

        return true;
    }
}
