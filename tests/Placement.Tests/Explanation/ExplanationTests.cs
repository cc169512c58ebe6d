namespace LoadBalancer.Placement.Tests;

public sealed class ExplanationTests
{
    private readonly Planner planner = Given.Planner();

    [Fact]
    public void An_impossible_run_names_the_worker_that_misses_least_and_what_it_lacks()
    {
        planner.Register(
            Given.Worker("cpu-1"),
            Given.Worker("cpu-2", memoryGb: 128),
            Given.Worker("gpu-1", memoryGb: 8, devices: Given.Cuda("0")),
            Given.Worker("gpu-2", memoryGb: 4, devices: Given.Cuda("0")));
        var demand = planner.Submitted(Given.Demand(new Requirements { RequiredBackend = "cuda", MemoryGb = 64 }));

        var impossible = Assert.Single(planner.Plan(Given.Noon, 10).Impossible);

        Assert.Equal(
            new ImpossibleRun(
                demand.RunId,
                "no registered worker can run it: 4 known, 2 without backend 'cuda', 2 with less than 64 GB of memory; "
                + "nearest is gpu-1: has 8 GB of memory, needs 64 GB"),
            impossible);
    }

    public static TheoryData<string, Requirements> Misses => new()
    {
        { "has no backend 'rocm'", new Requirements { RequiredBackend = "rocm" } },
        { "has no browsers 'firefox', 'edge'", new Requirements { Browsers = ["chrome", "firefox", "edge"] } },
        { "has python 3.11.2, needs >=3.12", new Requirements { Software = new Dictionary<string, string> { ["python"] = ">=3.12" } } },
        { "has no node, needs 20", new Requirements { Software = new Dictionary<string, string> { ["node"] = "20" } } },
        { "'newest', which is no version range", new Requirements { Software = new Dictionary<string, string> { ["python"] = "newest" } } },
        { "has label zone=a, needs zone=b", new Requirements { Labels = new Dictionary<string, string> { ["zone"] = "b" } } },
        { "has no label 'rack', needs rack=7", new Requirements { Labels = new Dictionary<string, string> { ["rack"] = "7" } } },
        { "has 2 of 3 'cuda' devices", Given.Accelerators(3) },
        { "has 0 of 1 'cuda' device of model A100 or H100", Given.Accelerators(1, 0, "A100", "H100") },
        { "has 16 GB on its largest 'cuda' device, needs 40 GB on 1", Given.Accelerators(1, 40) },
        { "has 4 GB in a share of 0.25 on its largest 'cuda' device, needs 8 GB on 1", Given.Accelerators(0.25, 8) },
        { "has 8 cores, needs 12", new Requirements { CpuCores = 12 } },
        { "has 100 GB of disk, needs 500 GB", new Requirements { DiskGb = 500 } },
    };

    [Theory]
    [MemberData(nameof(Misses))]
    public void What_is_missing_is_said_in_words(string miss, Requirements requirements)
    {
        planner.Register(Given.Worker("w1", devices: [Given.Cuda("0"), Given.Cuda("1")]) with
        {
            Browsers = ["chrome"],
            Software = new Dictionary<string, string> { ["python"] = "3.11.2" },
            Labels = new Dictionary<string, string> { ["zone"] = "a" },
        });
        planner.Submit(Given.Demand(requirements));

        var reason = Assert.Single(planner.Plan(Given.Noon, 10).Impossible).Reason;

        Assert.StartsWith("no registered worker can run it: 1 known, 1 with", reason);
        Assert.Contains("; nearest is w1: ", reason);
        Assert.Contains(miss, reason);
    }

    [Fact]
    public void Without_workers_it_says_so()
    {
        var demand = planner.Submitted(Given.Demand());

        Assert.Equal("no worker is registered", Assert.Single(planner.Plan(Given.Noon, 10).Impossible).Reason);
        Assert.Equal("can never run as things are: no worker is registered", planner.Explain(demand, Given.Noon).Verdict);
    }

    [Fact]
    public void The_reason_follows_the_fleet()
    {
        planner.Register(Given.Worker("w1", memoryGb: 4));
        planner.Submit(Given.Demand(new Requirements { MemoryGb = 64 }));
        Assert.Contains("w1: has 4 GB", Assert.Single(planner.Plan(Given.Noon, 10).Impossible).Reason);

        planner.Register(Given.Worker("w1", memoryGb: 32));

        Assert.Contains("w1: has 32 GB", Assert.Single(planner.Plan(Given.Noon, 10).Impossible).Reason);
    }

    [Fact]
    public void The_funnel_counts_the_workers_left_after_each_check_that_is_asked_for()
    {
        planner.Register(
            Given.Worker("cpu"),
            Given.Worker("small", memoryGb: 8, devices: Given.Cuda("0")),
            Given.Worker("full", memoryGb: 64, devices: Given.Cuda("0")),
            Given.Worker("draining", memoryGb: 64, devices: Given.Cuda("0")) with { Accepting = false },
            Given.Worker("failed before", memoryGb: 64, devices: Given.Cuda("0")));
        planner.Restore(Given.Reservation("full"));
        var demand = Given.Demand(new Requirements { RequiredBackend = "cuda", MemoryGb = 32 }) with { AvoidWorkers = ["failed before"] };

        var explanation = planner.Explain(demand, Given.Noon);

        FunnelCount[] expected =
        [
            new("known", 5), new("backend", 4), new("memory", 3), new("cpuCores", 3), new("slots", 3), new("avoided", 2),
            new("notAccepting", 1), new("slotsBusy", 0), new("memoryBusy", 0), new("cpuCoresBusy", 0),
        ];
        Assert.Equal(expected, explanation.Funnel);
        Assert.Equal(3, explanation.FeasibleWorkers);
        Assert.Equal("nearest is full: has 1 of 1 slot in use", explanation.Blocker);
        Assert.Equal("will run, waiting: nearest is full: has 1 of 1 slot in use", explanation.Verdict);
    }

    [Fact]
    public void A_taken_key_names_its_holder()
    {
        planner.Register(Given.Worker("w1", slots: 2));
        var holder = planner.Submitted(Given.Demand(keys: "license"));
        planner.PlaceAll();

        var blocker = planner.Explain(Given.Demand(keys: "license"), Given.Noon).Blocker;

        Assert.Equal($"key 'license' is held by run {holder.RunId} on w1 (limit 1)", blocker);
    }

    [Fact]
    public void A_delay_names_its_end()
    {
        planner.Register(Given.Worker("w1"));
        var demand = Given.Demand() with { NotBefore = Given.Noon.AddSeconds(30) };

        Assert.Equal("it is tried again at 12:00:30 UTC", planner.Explain(demand, Given.Noon).Blocker);
    }

    [Fact]
    public void What_nothing_blocks_waits_for_its_turn()
    {
        planner.Register(Given.Worker("w1"));

        var explanation = planner.Explain(Given.Demand(), Given.Noon);

        Assert.Null(explanation.Blocker);
        Assert.Equal("will run, waiting: for its turn", explanation.Verdict);
        Assert.Equal(0, planner.Waiting);
    }
}
