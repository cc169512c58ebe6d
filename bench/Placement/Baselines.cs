using LoadBalancer.Cli.Simulation;

namespace LoadBalancer.PlacementBench;

/// <summary>
/// What is compared with: simple schedulers that need no time to start anything, on workers of one slot that can all run everything.
/// Each answers with the seconds at which each run ends, in the order of the runs.
/// </summary>
internal static class Baselines
{
    /// <summary>
    /// Plain list scheduling of what is there at once: the longest by its estimate first, where it would end first by estimate and true
    /// speed.
    /// </summary>
    public static double[] LongestFirst(IReadOnlyList<TracedRun> runs, IReadOnlyList<FleetLine> workers)
    {
        var free = new double[workers.Count];
        var ends = new double[runs.Count];
        foreach (var run in runs.OrderByDescending(run => run.Test.ExpectedDurationSeconds))
        {
            var estimate = run.Test.ExpectedDurationSeconds!.Value;
            var worker = Enumerable.Range(0, free.Length).MinBy(i => free[i] + (estimate / workers[i].Speed));
            ends[run.Index] = free[worker] += Seconds(run, workers[worker]);
        }

        return ends;
    }

    /// <summary>Blind to classes: who is free first takes what came first.</summary>
    public static double[] PullQueue(IReadOnlyList<TracedRun> runs, IReadOnlyList<FleetLine> workers) =>
        InOrder(runs, workers, (_, _) => 0);

    /// <summary>Who came first goes to the fastest idle worker, or to the one that is free first.</summary>
    public static double[] FastestIdle(IReadOnlyList<TracedRun> runs, IReadOnlyList<FleetLine> workers) =>
        InOrder(runs, workers, Seconds);

    private static double[] InOrder(
        IReadOnlyList<TracedRun> runs, IReadOnlyList<FleetLine> workers, Func<TracedRun, FleetLine, double> cost)
    {
        var free = new double[workers.Count];
        var ends = new double[runs.Count];
        foreach (var run in runs.OrderBy(run => run.At))
        {
            var start = Math.Max(run.At.TotalSeconds, free.Min());
            var worker = Enumerable.Range(0, free.Length).Where(i => free[i] <= start).MinBy(i => cost(run, workers[i]));
            ends[run.Index] = free[worker] = start + Seconds(run, workers[worker]);
        }

        return ends;
    }

    private static double Seconds(TracedRun run, FleetLine worker) => run.Actual.On(worker)!.Value.TotalSeconds;
}
