using LoadBalancer.Cli.Simulation;
using LoadBalancer.Placement;

namespace LoadBalancer.PlacementBench;

/// <summary>
/// The planner alone, in a steady state: how fast, how long at worst, how it grows with the fleet, and what a waiting run weighs.
/// </summary>
internal static class PlanningBench
{
    private const int WaitingRuns = 10_000;
    private const int WeighedRuns = 100_000;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(3);

    public static object Run(string policy, TimeProvider time)
    {
        var four = Steps.Of(policy, workers: 4, time);
        var quarter = Steps.Of(policy, workers: 250, time);
        var half = Steps.Of(policy, workers: 500, time);
        var whole = Steps.Of(policy, workers: 1_000, time);
        return new
        {
            Bench = "planning",
            Policy = policy,
            Processors = Environment.ProcessorCount,
            Waiting = WaitingRuns,
            DecisionsPerSecondOn4Workers = AtLeast(four.DecisionsPerSecond, 100_000),
            DecisionsPerSecondOn1000Workers = AtLeast(whole.DecisionsPerSecond, 20_000),
            P99StepMillisecondsOn500Workers = AtMost(half.P99Milliseconds, 5),
            MeanStepFrom250To1000Workers = AtMost(whole.MeanMilliseconds / quarter.MeanMilliseconds, 4),
            Steps = new { On4 = four, On250 = quarter, On500 = half, On1000 = whole },
            BytesPerWaitingRun = AtMost(BytesPerWaitingRun(policy), 1024),
        };
    }

    private static object AtLeast(double value, double goal) => new { Value = Math.Round(value), Goal = goal, GoalMet = value >= goal };

    private static object AtMost(double value, double goal) => new { Value = Math.Round(value, 3), Goal = goal, GoalMet = value <= goal };

    /// <summary>With its demand, whose texts and requirements are its own, as they are when read from a message.</summary>
    private static double BytesPerWaitingRun(string policy)
    {
        var planner = new Planner(new PolicySet(defaultPolicy: policy), new DurationModel(), new Random(1));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < WeighedRuns; i++) planner.Submit(Demand(i));
        var after = GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(planner);
        return (double)(after - before) / WeighedRuns;
    }

    private static TestDemand Demand(int number) => new()
    {
        RunId = new Guid(number + 1, 0, 0, new byte[8]),
        Attempt = 1,
        TestId = $"suite/module/test-{number}",
        Submitter = $"team-{number % 5}",
        SubmittedAt = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero),
        Requirements = new Requirements
        {
            CpuCores = 1 + (number % 4),
            Software = new Dictionary<string, string> { ["python"] = ">=3.10" },
        },
    };

    /// <summary>
    /// Steps in a steady state; a step is a release, what is learned of it, a submission and a plan, which is about one decision. Steps in a
    /// second and the milliseconds are of all that; decisions in a second are of the plans alone, with their reasons.
    /// </summary>
    private sealed record Steps(
        double StepsPerSecond, double DecisionsPerSecond, double MeanMilliseconds, double P99Milliseconds, double MaxMilliseconds)
    {
        public static Steps Of(string policy, int workers, TimeProvider time)
        {
            var state = new SteadyState(policy, workers, WaitingRuns, time);
            state.Run(WarmUp);
            var (decisions, steps, planning) = state.Run(Measured);
            var sorted = steps.Select(step => step.TotalMilliseconds).Order().ToArray();
            return new Steps(
                Math.Round(sorted.Length / sorted.Sum() * 1000),
                Math.Round(decisions / planning.TotalSeconds),
                Math.Round(sorted.Average(), 4),
                Math.Round(Percentile.Of(sorted, 0.99), 4),
                Math.Round(sorted[^1], 4));
        }
    }
}
