using System.Collections.Concurrent;
using System.Globalization;

namespace LoadBalancer.Simulation.Tests;

/// <summary>
/// Thousands of small worlds with faults. A seed that fails is printed; <c>LB_SIMULATION_SEED=n ./test.sh Simulation.Tests</c> makes its
/// world again and prints its history. <c>LB_SIMULATION_SEEDS=n</c> asks for more worlds than usual.
/// </summary>
public sealed class SimulationTests
{
    private const int Seeds = 2000;

    [Fact]
    public void Whatever_fails_nothing_is_lost_doubled_or_oversubscribed_and_everything_ends()
    {
        var results = Wanted("LB_SIMULATION_SEED") is { } seed ? [Again(seed)] : RunAll(Wanted("LB_SIMULATION_SEEDS") ?? Seeds);

        var failed = results.Where(result => result.Problem is not null).OrderBy(result => result.Seed).ToList();
        if (failed is [var first, ..])
            Assert.Fail($"{failed.Count} of {results.Count} seeds failed.\n{string.Join('\n', failed.Take(20).Select(f => $"seed {f.Seed}: {f.Problem}"))}\n\n" +
                $"LB_SIMULATION_SEED={first.Seed} ./test.sh Simulation.Tests\n{string.Join('\n', first.History.TakeLast(400))}");
    }

    [Fact]
    public void The_same_seed_makes_the_same_world()
    {
        foreach (var seed in (int[])[3, 7, 11])
            Assert.Equal(Simulation.Run(seed).History, Simulation.Run(seed).History);
    }

    [Fact]
    public void Leaders_are_replaced_and_those_that_wake_are_refused()
    {
        var worlds = Enumerable.Range(0, 200).Select(seed => Simulation.Run(seed)).ToList();

        Assert.All(worlds, world => Assert.Null(world.Problem));
        Assert.True(worlds.Sum(world => world.Takeovers) >= 100, $"{worlds.Sum(world => world.Takeovers)} takeovers");
        Assert.True(worlds.Count(world => world.Refused > 0) >= 20, $"{worlds.Count(world => world.Refused > 0)} worlds with refused writes");
    }

    [Fact]
    public void Runs_are_handed_out_ahead_and_moved()
    {
        var worlds = Enumerable.Range(0, 200).Select(seed => Simulation.Run(seed)).ToList();

        Assert.True(worlds.Sum(world => world.Followed) >= 20, $"{worlds.Sum(world => world.Followed)} followed another");
        Assert.True(worlds.Sum(world => world.Moved) >= 50, $"{worlds.Sum(world => world.Moved)} were moved");
    }

    [Theory]
    [InlineData("NoFence")]
    [InlineData("NoMemory")]
    [InlineData("LeasesByTheClock")]
    [InlineData("NoRelay")]
    [InlineData("NoStartDeadline")]
    [InlineData("NoEpochLock")]
    [InlineData("NoConfirmation")]
    public void A_product_without_one_of_its_rules_is_found_out(string defect) => Assert.Contains(
        Enumerable.Range(0, 3000).Select(seed => Simulation.Run(seed, Enum.Parse<Defect>(defect))), result => result.Problem is not null);

    private static int? Wanted(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } number ? int.Parse(number, CultureInfo.InvariantCulture) : null;

    private static SimulationResult Again(int seed)
    {
        var result = Simulation.Run(seed);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', result.History));
        return result;
    }

    private static List<SimulationResult> RunAll(int count)
    {
        var results = new ConcurrentBag<SimulationResult>();
        var everyCore = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.ForEach(Enumerable.Range(0, count), everyCore, seed =>
        {
            var result = Simulation.Run(seed);
            results.Add(result.Problem is null ? result with { History = [] } : result);
        });
        return [.. results];
    }
}
