using LoadBalancer.Cli.Simulation;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Tests;

/// <summary>Small fleets and traces in which slots, memory, devices, keys, deaths and failures meet often.</summary>
internal static class RandomScenario
{
    public static Scenario Of(int seed)
    {
        var random = new Random(seed);
        return new Scenario
        {
            Fleet = [Kind(random, 0) with { LeavesAt = null }, .. Enumerable.Range(1, random.Next(1, 4)).Select(number => Kind(random, number))],
            Trace = [.. Enumerable.Range(0, random.Next(20, 60)).Select(index => Run(random, index))],
            History = [.. Enumerable.Range(0, random.Next(20)).Select(index => Run(random, index))],
            KeyLimits = new Dictionary<string, int> { ["pair"] = 2 },
            Seed = seed,
        };
    }

    private static FleetLine Kind(Random random, int number)
    {
        var joinsAt = random.Next(4) == 0 ? random.Next(1, 60) : 0;
        return new FleetLine
        {
            WorkerId = $"kind-{number}",
            Count = random.Next(1, 4),
            Class = $"class-{random.Next(3)}",
            Slots = random.Next(1, 4),
            Speed = One(random, 1.0, 2.0, 0.5),
            JoinsAt = TimeSpan.FromSeconds(joinsAt),
            LeavesAt = random.Next(4) == 0 ? TimeSpan.FromSeconds(joinsAt + random.Next(1, 120)) : null,
            Capabilities = new WorkerCapabilities
            {
                CpuCores = random.Next(1, 5),
                MemoryGb = One(random, 2.0, 8.0, 16.0),
                DiskGb = One(random, 0.0, 20.0),
                Backends = random.Next(2) == 0 ? ["cpu", "cuda"] : ["cpu"],
                Accelerators = [.. Enumerable.Range(0, random.Next(4)).Select(id => Device(random, id))],
                Browsers = random.Next(2) == 0 ? [new Browser { Name = "chrome" }] : [],
                Software = random.Next(2) == 0 ? new Dictionary<string, string> { ["python"] = "3.11.2" } : new Dictionary<string, string>(),
                Labels = random.Next(2) == 0 ? new Dictionary<string, string> { ["zone"] = "a" } : new Dictionary<string, string>(),
            },
        };
    }

    private static Accelerator Device(Random random, int id) =>
        new() { Type = One(random, "cuda", "cuda", "npu"), Id = $"{id}", Model = One(random, "A", "B"), MemoryGb = One(random, 8.0, 16.0) };

    private static TracedRun Run(Random random, int index) => new()
    {
        Index = index,
        At = TimeSpan.FromSeconds(random.Next(3) == 0 ? 0 : Math.Round(random.NextDouble() * 100, 3)),
        Test = new SubmitTest
        {
            TestId = $"test-{random.Next(15)}",
            Submitter = One(random, "a", "b", "c"),
            Priority = random.Next(1, 6),
            ExpectedDurationSeconds = random.Next(2) == 0 ? random.Next(1, 60) : null,
            TimeoutSeconds = random.Next(6) == 0 ? 10 : 3600,
            Retries = random.Next(3),
            ConcurrencyKeys = One<string[]>(random, [], [], [], ["one"], ["pair"], ["one", "pair"]),
            Requirements = Needs(random),
        },
        Actual = new ActualTimes(new Dictionary<string, double> { ["class-0"] = random.Next(1, 60), ["*"] = random.Next(1, 60) }, Passes: random.Next(5) > 0),
    };

    private static TestRequirements Needs(Random random) => random.Next(6) switch
    {
        0 => new TestRequirements { CpuCores = random.Next(1, 4), MinimumMemoryGb = One(random, 1.0, 4.0) },
        1 => new TestRequirements { RequiredAccelerators = new Dictionary<string, double> { ["cuda"] = One(random, 0.25, 0.5, 1.0, 2.0) }, AcceleratorMemoryGb = One(random, 0.0, 4.0) },
        2 => new TestRequirements { RequiredBackend = "cuda", RequiredAccelerators = new Dictionary<string, double> { ["cuda"] = 1, ["npu"] = 0.5 }, AcceleratorModels = One<string[]>(random, [], ["A"]) },
        3 => new TestRequirements { Browsers = ["chrome"], DiskGb = One(random, 0.0, 5.0) },
        4 => new TestRequirements { RequiredSoftware = new Dictionary<string, string> { ["python"] = ">=3.10" }, Labels = new Dictionary<string, string> { ["zone"] = "a" } },
        _ => new TestRequirements(),
    };

    private static T One<T>(Random random, params T[] values) => values[random.Next(values.Length)];
}
