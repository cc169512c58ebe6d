using LoadBalancer.Cli.Simulation;
using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Cli.Tests;

/// <summary>A stream of submissions to few fast and many slow workers: who should wait for a fast one?</summary>
public sealed class UnequalFleetTests
{
    private const int Runs = 400;
    private const double FastTimes = 8;

    [Theory]
    [InlineData(2, 30, 0.5)]
    [InlineData(4, 16, 0.7)]
    [InlineData(4, 4, 0.5)]
    public void Waiting_by_choice_never_makes_the_mean_result_later_than_taking_the_fastest_that_is_free(int fast, int slow, double load)
    {
        var scenario = Of(fast, slow, load);

        Assert.InRange(MeanCompletion(scenario, PolicyNames.Adaptive), 0, MeanCompletion(scenario, PolicyNames.PerformanceBased));
    }

    private static Scenario Of(int fast, int slow, double load)
    {
        var random = new Random(1);
        var seconds = Enumerable.Range(0, 20).Select(_ => 10 * Math.Exp(random.NextDouble() * 2)).ToArray();
        var gap = seconds.Average() / (load * ((fast * FastTimes) + slow));
        var at = 0.0;
        return new Scenario
        {
            Fleet = [Kind("fast", fast, FastTimes), Kind("slow", slow, 1)],
            History = [.. Enumerable.Range(0, 20).SelectMany(test => new[] { Run(test, 0, "fast", seconds[test] / FastTimes), Run(test, 0, "slow", seconds[test]) })],
            Trace =
            [
                .. Enumerable.Range(0, Runs).Select(index =>
                {
                    var test = random.Next(20);
                    at -= Math.Log(1 - random.NextDouble()) * gap;
                    return Run(test, at, ActualTimes.OtherClasses, seconds[test]) with { Index = index };
                }),
            ],
        };
    }

    private static TracedRun Run(int test, double at, string workerClass, double seconds) => new()
    {
        Index = 0,
        At = TimeSpan.FromSeconds(at),
        Test = new SubmitTest { TestId = $"test-{test}" },
        Actual = new ActualTimes(new Dictionary<string, double> { [workerClass] = seconds }, Passes: true),
    };

    private static FleetLine Kind(string name, int count, double speed) => new()
    {
        WorkerId = name,
        Count = count,
        Class = name,
        Speed = speed,
        Capabilities = new WorkerCapabilities { CpuCores = 4, MemoryGb = 16 },
    };

    private static double MeanCompletion(Scenario scenario, string policy) =>
        Simulator.Run(scenario, policy, new FakeTimeProvider(), CancellationToken.None).Runs.Average(run => (run.EndedAt!.Value - run.Traced.At).TotalSeconds);
}
