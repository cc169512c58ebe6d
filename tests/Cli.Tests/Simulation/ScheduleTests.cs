using LoadBalancer.Cli.Simulation;
using LoadBalancer.Placement;

namespace LoadBalancer.Cli.Tests;

public sealed class ScheduleTests : IDisposable
{
    private const int Scenarios = 100;

    private readonly TemporaryDirectory directory = new();

    public static TheoryData<string> Policies => [.. new PolicySet().Names];

    public void Dispose() => directory.Dispose();

    [Theory]
    [MemberData(nameof(Policies))]
    public void Nothing_is_oversubscribed_misplaced_too_early_or_on_a_dead_worker(string policy)
    {
        var attempts = 0;
        for (var seed = 1; seed <= Scenarios; seed++)
        {
            var scenario = RandomScenario.Of(seed);
            var schedule = Schedule(Simulate(scenario, policy));
            attempts += schedule.Count;

            Assert.Empty(new ScheduleCheck(scenario, schedule).Complaints().Select(complaint => $"seed {seed}: {complaint}"));
        }

        Assert.True(attempts > 10 * Scenarios, $"only {attempts} attempts were made");
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void Every_run_ends_and_only_what_nobody_can_run_is_unschedulable(string policy)
    {
        for (var seed = 1; seed <= Scenarios; seed++)
        {
            var scenario = RandomScenario.Of(seed);
            var result = Simulate(scenario, policy);
            var able = new CapableKinds([.. scenario.Fleet.Where(kind => kind.LeavesAt is null)]);

            Assert.All(result.Runs, run => Assert.NotNull(run.EndedAt));
            Assert.All(result.Runs.Where(run => run.State is RunState.Unschedulable), run => Assert.Empty(able.Of(run.Traced.Test)));
            Assert.Equal(
                result.Runs.Where(run => run.Attempts > 0).Select(run => run.Traced.Index).Order(),
                result.Attempts.Select(attempt => attempt.Run.Traced.Index).Distinct().Order());
        }
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void No_makespan_is_below_its_bound(string policy)
    {
        for (var seed = 1; seed <= Scenarios; seed++)
        {
            var summary = Summarizing.Of(Simulate(RandomScenario.Of(seed), policy), timing: false);

            Assert.True(summary.MakespanSeconds >= summary.LowerBoundSeconds, $"seed {seed}: {summary}");
        }
    }

    [Fact]
    public void A_checker_that_complains_of_nothing_proves_nothing()
    {
        var (scenario, schedule) = Enumerable.Range(1, Scenarios).Select(RandomScenario.Of)
            .Select(scenario => (scenario, Schedule: Schedule(Simulate(scenario, PolicyNames.Adaptive))))
            .First(made => made.Schedule.Any(line => line.Devices.Count > 0));
        var other = scenario.Fleet[^1].WorkerIds.Last();

        Assert.All(
            new IEnumerable<ScheduleLine>[]
            {
                schedule.Select(line => line with { Start = line.Start - 1 }),
                schedule.Select(line => line with { End = line.End + 1 }),
                schedule.Select(line => line with { Start = 200, End = 200 + line.End - line.Start }),
                schedule.Select(line => line with { WorkerId = other }),
                schedule.Select(line => line with { Attempt = 2 }),
                schedule.Select(line => line with { Devices = [] }),
                schedule.Select(line => line with { Outcome = "workerLost" }),
                schedule.Reverse(),
            },
            broken => Assert.NotEmpty(new ScheduleCheck(scenario, [.. broken]).Complaints()));
    }

    private static SimulationResult Simulate(Scenario scenario, string policy) =>
        Simulator.Run(scenario, policy, TimeProvider.System, TestContext.Current.CancellationToken);

    private IReadOnlyList<ScheduleLine> Schedule(SimulationResult result)
    {
        var path = directory.File("schedule.jsonl");
        ScheduleFile.Write(path, result);
        return ScheduleLine.Read(path);
    }
}
