using LoadBalancer.Cli.Simulation;

namespace LoadBalancer.PlacementBench;

/// <summary>
/// The fleet and lengths of the burst, arriving by chance (Poisson) at 80 % of what the fleet can do. Each of 200 tests has run three times
/// before on classes drawn at random, so speeds are known as well as they would be after a few days; a test's time varies by 10 % from
/// run to run. Against first-come-first-served to the fastest idle worker, which knows all times and starts without delay.
/// The same on fleets of few fast and many slow workers, where it matters who waits for a fast one.
/// </summary>
internal static class ArrivalsBench
{
    private const int Runs = 2_000;
    private const int Tests = 200;
    private const int EarlierRuns = 3;
    private const double RunSigma = 0.1;

    private static readonly Case[] UnequalCases =
    [
        new(Fast: 2, Slow: 30, Speed: 8, Load: 0.5), new(Fast: 2, Slow: 30, Speed: 8, Load: 0.8), new(Fast: 4, Slow: 16, Speed: 4, Load: 0.7),
        new(Fast: 4, Slow: 16, Speed: 8, Load: 0.5), new(Fast: 4, Slow: 4, Speed: 4, Load: 0.5),
    ];

    public static object Run(string policy, IReadOnlyList<int> seeds)
    {
        var bySeed = seeds.Select(seed => Measure(policy, Fleets.Unlike, load: 0.8, seed)).ToList();
        return new
        {
            Bench = "arrivals",
            Policy = policy,
            Seeds = seeds.Count,
            MeanCompletionByFastestIdle = Figure.Of([.. bySeed.Select(measured => measured.Mean)], goalOfMean: 1.0),
            P95CompletionByFastestIdle = Figure.Of([.. bySeed.Select(measured => measured.P95)], goalOfMean: 1.05),
            Unequal = UnequalCases.Select(unequal => Unequal(policy, unequal, seeds)).ToList(),
        };
    }

    private static object Unequal(string policy, Case of, IReadOnlyList<int> seeds)
    {
        var bySeed = seeds.Select(seed => Measure(policy, Fleets.FastAndSlow(of.Fast, of.Speed, of.Slow), of.Load, seed)).ToList();
        return new
        {
            of.Fast,
            of.Slow,
            of.Speed,
            of.Load,
            MeanCompletionByFastestIdle = Figure.Of([.. bySeed.Select(measured => measured.Mean)], goalOfMean: 1.0),
            P95CompletionByFastestIdle = Figure.Of([.. bySeed.Select(measured => measured.P95)]),
        };
    }

    private static (double Mean, double P95) Measure(string policy, IReadOnlyList<FleetLine> fleet, double load, int seed)
    {
        var random = new Random(seed);
        var lengths = Enumerable.Range(0, Tests).Select(_ => BurstBench.Length(random)).ToArray();
        var estimates = lengths.Select(seconds => BurstBench.Estimate(random, seconds)).ToArray();
        var scenario = new Scenario
        {
            History = [.. History(random, lengths, fleet)],
            Trace = [.. Trace(random, lengths, estimates, fleet.Sum(kind => kind.Speed) * load)],
            Fleet = fleet,
            Seed = seed,
        };
        var ours = Workloads.Completions(Workloads.Simulate(scenario, policy));
        var theirs = Workloads.Completions(scenario.Trace, Baselines.FastestIdle(scenario.Trace, scenario.Fleet));
        return (ours.Average() / theirs.Average(), P95(ours) / P95(theirs));
    }

    private static IEnumerable<TracedRun> History(Random random, double[] lengths, IReadOnlyList<FleetLine> fleet)
    {
        foreach (var test in Enumerable.Repeat(Enumerable.Range(0, Tests), EarlierRuns).SelectMany(round => round))
        {
            var kind = fleet[random.Next(fleet.Count)];
            yield return new TracedRun
            {
                Index = test,
                At = TimeSpan.Zero,
                Test = Workloads.Test($"test-{test}"),
                Actual = Workloads.On(kind.Class, lengths[test] * random.Noise(RunSigma) / kind.Speed),
            };
        }
    }

    private static IEnumerable<TracedRun> Trace(Random random, double[] lengths, double[] estimates, double secondsPerSecond)
    {
        var meanGap = lengths.Average() / secondsPerSecond;
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

    /// <summary>So many workers of a class that is so many times as fast as the others, at this part of what all can do.</summary>
    private sealed record Case(int Fast, int Slow, double Speed, double Load);

    private static double P95(double[] values) => Percentile.Of([.. values.Order()], 0.95);
}
