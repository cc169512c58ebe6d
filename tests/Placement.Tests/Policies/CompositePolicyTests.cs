namespace LoadBalancer.Placement.Tests;

public sealed class CompositePolicyTests
{
    [Fact]
    public void Ratings_from_worst_to_best_are_summed_by_weight()
    {
        var first = UsersPolicy.InOrder("first");
        var last = UsersPolicy.InOrder("last", fromTheEnd: true);
        var ranked = Offer.Of(Offer.Worker("a", 10), Offer.Worker("b", 10), Offer.Worker("c", 10))
            .RankedBy(Of(("first", 0.6), ("last", 0.3), ("performance_based", 0.1)), first, last);

        // By place 1, ½, 0 and 0, ½, 1; all are equally fast. What is missing of it counts as parts of the 10 s that the run takes.
        Assert.Equal(["a", "b", "c"], ranked.Select(entry => entry.WorkerId));
        Assert.Equal(new Dictionary<string, double> { ["first"] = 0, ["last"] = 3 }, ranked[0].Score);
        Assert.Equal(new Dictionary<string, double> { ["first"] = 3, ["last"] = 1.5 }, ranked[1].Score);
        Assert.Equal(new Dictionary<string, double> { ["first"] = 6 }, ranked[2].Score);
        Assert.Equal("place 1 of 3 by 60 % first + 30 % last + 10 % performance_based", ranked[0].Reason);
    }

    /// <summary>In the original a vote for one worker discarded all other scores.</summary>
    [Fact]
    public void What_nobody_puts_first_can_be_the_best_of_all()
    {
        var offered = Offer.Of(
            Offer.Worker("fast", 10, load: 0.9), Offer.Worker("middle", 12, load: 0.1), Offer.Worker("idle", 30));

        Assert.Equal("fast", offered.ChosenBy("performance_based"));
        Assert.Equal("idle", offered.ChosenBy("affinity_based"));
        Assert.Equal("middle", offered.ChosenBy(Of(("performance_based", 1), ("affinity_based", 1))));
    }

    [Fact]
    public void A_member_that_scores_is_rated_between_its_cheapest_and_its_dearest()
    {
        var offered = Offer.Of(Offer.Worker("a", 10), Offer.Worker("b", 15), Offer.Worker("c", 30));

        var ranked = offered.RankedBy(Of(("performance_based", 2)));

        Assert.Equal([0, 10 * 0.25, 10 * 1], ranked.Select(entry => entry.Score["performance_based"]));
    }

    [Fact]
    public void All_candidates_are_rated_not_only_the_first_four()
    {
        double[] seconds = [10, 11, 12, 13, 14, 60, 70, 80, 90];
        double[] loads = [0.9, 0.8, 0.7, 0.6, 0.1, 0.05, 0.04, 0.03, 0];
        var offered = Offer.Of([.. seconds.Select((time, i) => Offer.Worker($"w{i + 1}", time, load: loads[i]))]);

        // w5 is the fifth of either member.
        Assert.Equal("w5", offered.ChosenBy(Of(("affinity_based", 1), ("performance_based", 1))));
    }

    [Fact]
    public void A_member_of_no_weight_has_no_say_and_is_not_asked()
    {
        var broken = new UsersPolicy("broken", _ => throw new InvalidTimeZoneException("lost"));

        Assert.Equal("fast", Offer.Of(Offer.Worker("slow", 20), Offer.Worker("fast", 10))
            .RankedBy(Of(("broken", 0), ("performance_based", 1)), broken)[0].WorkerId);
    }

    [Fact]
    public void Composites_may_be_nested()
    {
        var inner = Of(("performance_based", 1), ("affinity_based", 1));
        var json = $$"""{ "type": "composite", "algorithms": [{{inner[..^1]}}, "weight": 3 }, { "type": "round_robin" }] }""";
        var offered = Offer.Of(Offer.Worker("slow", 20, lastTurn: 1), Offer.Worker("fast", 10, lastTurn: 2));

        var ranked = offered.RankedBy(json);

        Assert.Equal("fast", ranked[0].WorkerId);
        Assert.Equal(new Dictionary<string, double> { ["composite"] = 0, ["round_robin"] = 2.5 }, ranked[0].Score);
        Assert.Equal(new Dictionary<string, double> { ["composite"] = 7.5 }, ranked[1].Score);
    }

    [Fact]
    public void Turns_as_a_member_go_round_all_workers()
    {
        var planner = Given.Planner(new PolicySet(defaultPolicy: PolicySpec.Parse(Of(("round_robin", 1)))));
        planner.Register(Given.Worker("a", slots: 9), Given.Worker("b", slots: 9), Given.Worker("c", slots: 9));
        for (var i = 0; i < 6; i++)
            planner.Submit(Given.Demand());

        Assert.Equal(["a", "b", "c", "a", "b", "c"], planner.PlaceAll());
    }

    /// <summary>In the original the first worker won if nobody voted, compatible or not.</summary>
    [Fact]
    public void A_member_without_an_answer_fails_the_decision_by_its_name()
    {
        var silent = new UsersPolicy("silent", _ => new PolicyChoice([]));
        var stray = new UsersPolicy("stray", _ => UsersPolicy.Only("elsewhere"));

        Assert.Equal("its member 'silent' failed: it chose no worker", ProblemOf("silent", silent));
        Assert.Equal("its member 'stray' failed: it chose worker 'elsewhere', which was not offered", ProblemOf("stray", stray));

        static string ProblemOf(string name, IPlacementPolicy policy)
        {
            var planner = Given.Planner(new PolicySet([policy], PolicySpec.Parse(Of((name, 1), ("adaptive", 1)))));
            planner.Register(Given.Worker("w"));
            planner.Submit(Given.Demand());
            var plan = planner.Plan(Given.Noon, 10);
            Assert.Empty(plan.Decisions);
            return Assert.Single(plan.PolicyFailures).Error;
        }
    }

    [Fact]
    public void A_worker_that_does_not_fit_is_never_chosen()
    {
        var planner = Given.Planner(new PolicySet(defaultPolicy: PolicySpec.Parse(PolicySpecTests.Documented)));
        planner.Register(Given.Worker("first"), Given.Worker("gpu", devices: Given.Cuda("0")));
        planner.Submit(Given.Demand(Given.Accelerators(1)));

        Assert.Equal(["gpu"], planner.PlaceAll());
    }

    private static string Of(params (string Name, double Weight)[] members) => new PolicySpec(
        PolicyNames.Composite, [.. members.Select(member => new WeightedPolicy(member.Name, member.Weight))]).ToJson();
}
