using LoadBalancer.Cli.Simulation;
using LoadBalancer.Contracts;

namespace LoadBalancer.PlacementBench;

/// <summary>What the benches have in common.</summary>
internal static class Workloads
{
    /// <summary>No run of a bench is killed.</summary>
    private const double NoTimeout = 30 * 24 * 3600.0;

    public static SubmitTest Test(string testId) => new() { TestId = testId, TimeoutSeconds = NoTimeout };

    /// <summary>The same time on every class, but for its speed.</summary>
    public static ActualTimes AtSpeed1(double seconds) => On(ActualTimes.OtherClasses, seconds);

    public static ActualTimes On(string workerClass, double seconds) =>
        new(new Dictionary<string, double> { [workerClass] = seconds }, Passes: true);

    public static SimulationResult Simulate(Scenario scenario, string policy) =>
        Simulator.Run(scenario, policy, TimeProvider.System, CancellationToken.None);

    /// <summary>Seconds from submission to end, in the order of the trace.</summary>
    public static double[] Completions(SimulationResult result) =>
        [.. result.Runs.Select(run => (run.EndedAt!.Value - run.Traced.At).TotalSeconds)];

    /// <inheritdoc cref="Completions(SimulationResult)"/>
    public static double[] Completions(IReadOnlyList<TracedRun> trace, double[] ends) =>
        [.. trace.Select(run => ends[run.Index] - run.At.TotalSeconds)];
}
