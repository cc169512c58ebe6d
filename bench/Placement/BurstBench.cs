using LoadBalancer.Cli.Simulation;

namespace LoadBalancer.PlacementBench;

/// <summary>
/// 500 tests at once on ten workers of unlike speed, nothing known but the submitter's estimates, which are wrong by a factor of 1.35 as
/// often as not: how long until all are done against what is possible at best, and how long each waits against longest-first.
/// </summary>
internal static class BurstBench
{
    private const int Tests = 500;
    private const double MedianSeconds = 30;
    private const double Sigma = 1;
    private const double EstimateSigma = 0.3;

    public static object Run(string policy, IReadOnlyList<int> seeds)
    {
        var bySeed = seeds.Select(seed => Measure(policy, seed)).ToList();
        return new
        {
            Bench = "burst",
            Policy = policy,
            Seeds = seeds.Count,
            MakespanByBound = Figure.Of([.. bySeed.Select(measured => measured.Makespan)], goalOfMean: 1.05, goalOfWorst: 1.08),
            LongestFirstByBound = Figure.Of([.. bySeed.Select(measured => measured.LongestFirst)]),
            CompletionByLongestFirst = Figure.Of([.. bySeed.Select(measured => measured.Completion)], goalOfMean: 0.6),
        };
    }

    public static double Length(Random random) => MedianSeconds * random.Noise(Sigma);

    public static double Estimate(Random random, double seconds) => seconds * random.Noise(EstimateSigma);

    private static (double Makespan, double LongestFirst, double Completion) Measure(string policy, int seed)
    {
        var trace = Trace(new Random(seed));
        var result = Workloads.Simulate(new Scenario { Trace = trace, Fleet = Fleets.Unlike, Seed = seed }, policy);
        var summary = Summarizing.Of(result, timing: false);
        var longestFirst = Baselines.LongestFirst(trace, Fleets.Unlike);
        return (
            summary.Ratio!.Value,
            longestFirst.Max() / summary.LowerBoundSeconds,
            summary.MeanCompletionSeconds / longestFirst.Average());
    }

    private static List<TracedRun> Trace(Random random) =>
    [
        .. Enumerable.Range(0, Tests).Select(i =>
        {
            var seconds = Length(random);
            return new TracedRun
            {
                Index = i,
                At = TimeSpan.Zero,
                Test = Workloads.Test($"test-{i}") with { ExpectedDurationSeconds = Estimate(random, seconds) },
                Actual = Workloads.AtSpeed1(seconds),
            };
        }),
    ];
}
