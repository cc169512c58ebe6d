using System.Text.Json;

namespace LoadBalancer.Placement.Tests;

/// <summary>What every policy must keep to. A built-in policy is covered as soon as it is listed in <see cref="PolicySet"/>.</summary>
public sealed class EveryPolicyTests
{
    public static TheoryData<string> Policies => [.. new PolicySet().Names];

    [Theory]
    [MemberData(nameof(Policies))]
    public void It_is_selected_by_its_name(string policy)
    {
        var planner = FleetOf(3, policy);
        planner.Submit(Given.Demand());

        Assert.Equal(policy, Assert.Single(planner.Plan(Given.Noon, 10).Decisions).Policy);
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void A_full_worker_is_never_chosen(string policy)
    {
        var planner = FleetOf(3, policy);
        planner.Restore(Given.Reservation("w2"));
        for (var i = 0; i < 5; i++)
            planner.Submit(Given.Demand());

        Assert.Equal(["w1", "w3"], planner.PlaceAll().Order());
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void A_single_candidate_is_chosen_without_alternatives(string policy)
    {
        var planner = FleetOf(1, policy);
        planner.Submit(Given.Demand());

        Assert.Empty(Assert.Single(planner.Plan(Given.Noon, 10).Decisions).Alternatives);
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void The_same_seed_gives_the_same_choices(string policy)
    {
        Assert.Equal(Choices(seed: 7), Choices(seed: 7));

        IReadOnlyList<string> Choices(int seed)
        {
            var planner = FleetOf(10, policy, seed, slots: 4);
            for (var i = 0; i < 25; i++)
                planner.Submit(Given.Demand());

            return planner.PlaceAll();
        }
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void Equal_workers_get_equally_many_equal_runs(string policy)
    {
        var planner = FleetOf(5, policy, slots: 10);
        for (var i = 0; i < 20; i++)
            planner.Submit(Given.Demand());

        var runs = planner.PlaceAll().CountBy(worker => worker).Select(count => count.Value);

        Assert.Equal([4, 4, 4, 4, 4], runs);
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void Each_decision_has_a_short_reason_and_three_distinct_alternatives(string policy)
    {
        var planner = FleetOf(50, policy);
        planner.Submit(Given.Demand());

        var decision = Assert.Single(planner.Plan(Given.Noon, 10).Decisions);

        Assert.InRange(decision.Reason.Length, 1, 200);
        Assert.Equal(3, decision.Alternatives.Count);
        Assert.Equal(4, decision.Alternatives.Select(other => other.WorkerId).Append(decision.WorkerId).Distinct().Count());
        Assert.All(decision.Alternatives, other => Assert.True(other.ScoreSeconds >= decision.Score.Values.Sum() - 1e-9));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void A_decision_fits_in_well_under_two_kilobytes(string policy)
    {
        var planner = Given.Planner(new PolicySet(defaultPolicy: policy));
        for (var i = 0; i < 9; i++)
        {
            planner.Register(Given.Worker(new string('w', 62) + i, devices: [Given.Cuda("GPU-0"), Given.Cuda("GPU-1")]) with
            {
                Software = new Dictionary<string, string> { ["python"] = i < 6 ? "3.11" : "2.7" },
            });
        }

        planner.Register(Given.Worker("small", memoryGb: 1), Given.Worker("slow", cores: 0.5));
        planner.Register(Given.Worker("off") with { Accepting = false });
        planner.Submit(Given.Demand(
            Given.Accelerators(2, 8) with { PreferredBackend = "rocm", Software = new Dictionary<string, string> { ["python"] = ">=3" } },
            keys: ["license", "rig"]));

        var decision = Assert.Single(planner.Plan(Given.Noon, 10).Decisions);

        Assert.InRange(JsonSerializer.SerializeToUtf8Bytes(decision).Length, 200, 1800);
    }

    private static Planner FleetOf(int workers, string policy, int seed = 1, int slots = 1)
    {
        var planner = Given.Planner(new PolicySet(defaultPolicy: policy), seed: seed);
        for (var i = 1; i <= workers; i++)
            planner.Register(Given.Worker($"w{i}", slots, memoryGb: 64, cores: 64));

        return planner;
    }
}
