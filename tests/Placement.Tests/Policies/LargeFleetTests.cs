namespace LoadBalancer.Placement.Tests;

/// <summary>Where more workers are free than a policy is shown, none may be forgotten.</summary>
public sealed class LargeFleetTests
{
    private const int Workers = 100;

    private readonly DurationModel durations = new();

    public static TheoryData<string, int> PoliciesAndKinds
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (var policy in new PolicySet().Names)
            {
                foreach (var kinds in new[] { 1, 2, 3, 7 })
                    cases.Add(policy, kinds);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(PoliciesAndKinds))]
    public void No_worker_gets_a_second_run_while_another_idles(string policy, int kinds)
    {
        var planner = FleetOf(kinds, policy);
        for (var run = 0; run < Workers; run++)
            planner.Submit(Given.Demand());

        var chosen = planner.PlaceAll();

        Assert.Equal(Workers, chosen.Count);
        // Turns by weight draw from all that have room; who is half full only has fewer of them.
        Assert.InRange(chosen.Distinct().Count(), policy == PolicyNames.WeightedRoundRobin ? Workers * 2 / 3 : Workers, Workers);
    }

    [Theory]
    [MemberData(nameof(PoliciesAndKinds))]
    public void Every_worker_is_chosen_at_some_time(string policy, int kinds)
    {
        var chosen = OneByOne(FleetOf(kinds, policy), 15 * Workers);

        Assert.Equal(Workers, chosen.Distinct().Count());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Round_robin_gives_each_its_turn(int kinds)
    {
        var chosen = OneByOne(FleetOf(kinds, PolicyNames.RoundRobin), 5 * Workers);

        Assert.All(chosen.CountBy(worker => worker), count => Assert.Equal(5, count.Value));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void A_small_kind_does_not_hide_the_others(string policy)
    {
        var planner = FleetOf(1, policy);
        for (var gpu = 0; gpu < 4; gpu++)
            planner.Register(Given.Worker($"gpu{gpu}", devices: [Given.Cuda("0")]));

        Assert.Superset(
            Enumerable.Range(0, Workers).Select(worker => $"w{worker}").ToHashSet(),
            OneByOne(planner, 15 * Workers).ToHashSet());
    }

    [Fact]
    public void A_worker_that_is_prepared_is_always_offered()
    {
        for (var i = 0; i < 10; i++)
            durations.Learn(Given.Passed(60) with { WorkerId = "w70", WorkspaceRevision = "r", PrepareTime = TimeSpan.FromSeconds(i == 0 ? 300 : 0.01) });
        var planner = FleetOf(1, PolicyNames.AffinityBased);

        for (var i = 0; i < 20; i++)
        {
            planner.Submit(Given.Demand() with { WorkspaceRevision = "r" });
            var decision = Assert.Single(planner.Plan(Given.Noon, 1).Decisions);
            planner.Release(decision.RunId, 1);
            Assert.Equal("w70", decision.WorkerId);
        }
    }

    public static TheoryData<string> Policies => EveryPolicyTests.Policies;

    private Planner FleetOf(int kinds, string policy)
    {
        var planner = Given.Planner(new PolicySet(defaultPolicy: PolicySpec.Parse(EveryPolicyTests.JsonOf(policy))), durations);
        for (var i = 0; i < Workers; i++)
            planner.Register(Given.Worker($"w{i}", slots: 2, memoryGb: 64 + (i % kinds)));

        return planner;
    }

    private static List<string> OneByOne(Planner planner, int runs)
    {
        var chosen = new List<string>();
        for (var run = 0; run < runs; run++)
        {
            planner.Submit(Given.Demand());
            var decision = Assert.Single(planner.Plan(Given.Noon, 1).Decisions);
            planner.Release(decision.RunId, 1);
            chosen.Add(decision.WorkerId);
        }

        return chosen;
    }
}
