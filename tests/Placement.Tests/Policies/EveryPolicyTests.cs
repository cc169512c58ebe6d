using System.Text.Json;

namespace LoadBalancer.Placement.Tests;

/// <summary>What every policy must keep to. A built-in policy is covered as soon as it is listed in <see cref="PolicySet"/>.</summary>
public sealed class EveryPolicyTests
{
    /// <summary>A composite of all the others, among them another one.</summary>
    private const string OfAll =
        """
        { "type": "composite",
          "algorithms": [
            "adaptive", "affinity_based", "performance_based", "priority_based", "round_robin", "weighted_round_robin",
            { "type": "composite", "weight": 2, "algorithms": ["performance_based", { "type": "affinity_based", "weight": 3 }] } ] }
        """;

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

        var runs = planner.PlaceAll().CountBy(worker => worker).Select(count => count.Value).ToList();

        // Turns that are drawn by weight are even, not in a row.
        var tolerance = policy == PolicyNames.WeightedRoundRobin ? 1 : 0;
        Assert.Equal(5, runs.Count);
        Assert.All(runs, count => Assert.InRange(count, 4 - tolerance, 4 + tolerance));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void No_worker_starves_while_all_are_equal_and_free(string policy)
    {
        var planner = FleetOf(5, policy);
        var chosen = new List<string>();
        for (var i = 0; i < 200; i++)
        {
            var run = planner.Submitted(Given.Demand());
            chosen.AddRange(planner.PlaceAll());
            planner.Release(run.RunId, run.Attempt);
        }

        var runs = chosen.CountBy(worker => worker).Select(count => count.Value).ToList();
        Assert.Equal(5, runs.Count);
        Assert.All(runs, count => Assert.InRange(count, 20, 60));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void Equal_candidates_are_all_ranked_as_far_as_places_go(string policy)
    {
        var offered = Offer.Of([.. Enumerable.Range(1, 64).Select(i => Offer.Worker($"w{i}"))]);

        Assert.Equal(4, offered.RankedBy(JsonOf(policy)).Select(entry => entry.WorkerId).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void Extreme_predictions_and_hints_are_survived(string policy)
    {
        var shortest = Offer.Worker("shortest") with { Predicted = new DurationForecast(-800, 0, 1) };
        var longest = Offer.Worker("longest", saved: 1e6) with { Predicted = new DurationForecast(800, 100, 1) };
        var odd = Offer.Worker("odd", 1e-9, spread: 50, load: 1, saved: 1e9, failing: 1, price: 1e9, scarcity: 0.999, freeSlots: 10_000, lastTurn: int.MaxValue);
        foreach (var offered in new[] { Offer.Of(shortest), Offer.Of(longest), Offer.Of(odd), Offer.Of(shortest, longest), Offer.Of(longest, odd, shortest) })
        {
            var answer = PolicyAnswer.Of(PolicyOf(policy), offered);

            Assert.Equal(offered.Candidates.Count - 1, answer.Alternatives.Count);
            Assert.All(answer.Score.Values, seconds => Assert.True(double.IsFinite(seconds)));
        }
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void Only_offered_workers_are_chosen_whatever_is_offered(string policy)
    {
        var chooser = PolicyOf(policy);
        var chance = new Random(5);
        for (var i = 0; i < 500; i++)
        {
            var candidates = Enumerable.Range(0, chance.Next(1, 12)).Select(worker => Offer.Worker(
                $"w{worker}", Math.Exp(chance.NextDouble() * 12), chance.NextDouble(), chance.NextDouble(), chance.Next(3) * 50, chance.Next(2) * chance.NextDouble(),
                chance.NextDouble() * 4, chance.NextDouble(), chance.Next(1, 9), chance.Next(100)));
            var offered = Offer.Of([.. candidates]).WithPriority(chance.Next(1, 6));

            var answer = PolicyAnswer.Of(chooser, offered);

            Assert.Contains(answer.Chosen, offered.Candidates);
            Assert.InRange(answer.Reason.Length, 1, 199);
        }
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void The_choice_depends_on_nothing_but_what_is_offered_and_the_seed(string policy)
    {
        var chooser = PolicyOf(policy);
        Candidate[] candidates = [Offer.Worker("a", 20, lastTurn: 3), Offer.Worker("b", 10, load: 0.5), Offer.Worker("c", 20, saved: 7), Offer.Worker("d", 10, load: 0.5)];
        var first = chooser.Choose(Offer.Of(candidates)).Ranked;

        chooser.Choose(Offer.Of(Offer.Worker("x"), Offer.Worker("y")));
        var again = chooser.Choose(Offer.Of(candidates)).Ranked;

        Assert.Equal(first.Select(entry => (entry.WorkerId, entry.Reason)), again.Select(entry => (entry.WorkerId, entry.Reason)));
        Assert.Equal(first.Select(entry => entry.Score.Values.Sum()), again.Select(entry => entry.Score.Values.Sum()));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void Of_equal_candidates_the_one_with_the_preferred_backend_wins(string policy)
    {
        var equal = Enumerable.Range(0, 5).Select(worker => Offer.Worker($"w{worker}")).ToArray();
        equal[3] = equal[3] with { Worker = equal[3].Worker with { Backends = ["cpu", "rocm"] } };
        var offered = Offer.Of(equal);
        offered = offered with { Demand = offered.Demand with { Requirements = new Requirements { PreferredBackend = "rocm" } } };

        // A turn is a turn, whatever the run would like.
        if (policy is not (PolicyNames.RoundRobin or PolicyNames.WeightedRoundRobin))
            Assert.Equal("w3", PolicyAnswer.Of(PolicyOf(policy), offered).Chosen?.Worker.WorkerId);
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
        Assert.All(decision.Alternatives, other => Assert.Equal(other.ScoreSeconds, other.Score.Values.Sum()));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void A_decision_fits_in_well_under_two_kilobytes(string policy)
    {
        var planner = Given.Planner(new PolicySet(defaultPolicy: Spec(policy)));
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

        Assert.InRange(JsonSerializer.SerializeToUtf8Bytes(decision).Length, 200, 1900);
    }

    internal static string JsonOf(string policy) => policy == PolicyNames.Composite ? OfAll : policy;

    private static PolicySpec Spec(string policy) => PolicySpec.Parse(JsonOf(policy));

    private static IPlacementPolicy PolicyOf(string policy) => new PolicySet(defaultPolicy: Spec(policy)).For("");

    private static Planner FleetOf(int workers, string policy, int seed = 1, int slots = 1)
    {
        var planner = Given.Planner(new PolicySet(defaultPolicy: Spec(policy)), seed: seed);
        for (var i = 1; i <= workers; i++)
            planner.Register(Given.Worker($"w{i}", slots, memoryGb: 64, cores: 64));

        return planner;
    }
}
