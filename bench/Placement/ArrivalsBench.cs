using LoadBalancer.Cli.Simulation;

namespace LoadBalancer.PlacementBench;

/// <summary>
/// The fleet and lengths of the burst, arriving by chance (Poisson) at 80 % of what the fleet can do. Each of 200 tests has run three times
/// before on classes drawn at random, so speeds are known as well as they would be after a few days; a test's time varies by 10 % from
/// run to run. Against first-come-first-served to the fastest idle worker, which knows all times and starts without delay.
/// </summary>
internal static class ArrivalsBench
{
    private const int Runs = 2_000;
    private const int Tests = 200;
    private const int EarlierRuns = 3;
    private const double Load = 0.8;
    private const double RunSigma = 0.1;

    public static object Run(string policy, IReadOnlyList<int> seeds)
    {
        var bySeed = seeds.Select(seed => Measure(policy, seed)).ToList();
        return new
        {
            Bench = "arrivals",
            Policy = policy,
            Seeds = seeds.Count,
            MeanCompletionByFastestIdle = Figure.Of([.. bySeed.Select(measured => measured.Mean)], goalOfMean: 1.0),
            P95CompletionByFastestIdle = Figure.Of([.. bySeed.Select(measured => measured.P95)], goalOfMean: 1.05),
        };
    }

    private static (double Mean, double P95) Measure(string policy, int seed)
    {
        var random = new Random(seed);
        var lengths = Enumerable.Range(0, Tests).Select(_ => BurstBench.Length(random)).ToArray();
        var estimates = lengths.Select(seconds => BurstBench.Estimate(random, seconds)).ToArray();
        var scenario = new Scenario
        {
            History = [.. History(random, lengths)],
            Trace = [.. Trace(random, lengths, estimates)],
            Fleet = Fleets.Unlike,
            Seed = seed,
        };
        var ours = Workloads.Completions(Workloads.Simulate(scenario, policy));
        var theirs = Workloads.Completions(scenario.Trace, Baselines.FastestIdle(scenario.Trace, scenario.Fleet));
        return (ours.Average() / theirs.Average(), P95(ours) / P95(theirs));
    }

    private static IEnumerable<TracedRun> History(Random random, double[] lengths)
    {
        foreach (var test in Enumerable.Repeat(Enumerable.Range(0, Tests), EarlierRuns).SelectMany(round => round))
        {
            var kind = Fleets.Unlike[random.Next(Fleets.Unlike.Count)];
            yield return new TracedRun
            {
                Index = test,
                At = TimeSpan.Zero,
                Test = Workloads.Test($"test-{test}"),
                Actual = Workloads.On(kind.Class, lengths[test] * random.Noise(RunSigma) / kind.Speed),
            };
        }
    }

    private static IEnumerable<TracedRun> Trace(Random random, double[] lengths, double[] estimates)
    {
        var meanGap = lengths.Average() / (Load * Fleets.Unlike.Sum(kind => kind.Speed));
        var at = 0.0;
        for (var i = 0; i < Runs; i++)
        {
            var test = random.Next(Tests);
            at += random.Exponential(meanGap);
            yield return new TracedRun
            {
                Index = i,
                At = TimeSpan.FromSeconds(at),
                Test = Workloads.Test($"test-{test}") with { ExpectedDurationSeconds = estimates[test] },
                Actual = Workloads.AtSpeed1(lengths[test] * random.Noise(RunSigma)),
            };
        }
    }

    private static double P95(double[] values) => Percentile.Of([.. values.Order()], 0.95);
}
