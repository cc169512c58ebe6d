namespace LoadBalancer.Placement.Tests;

public sealed class PolicySetTests
{
    [Fact]
    public void Adaptive_is_the_default() => Assert.Equal("adaptive", new PolicySet().Default.ToString());

    [Fact]
    public void Each_test_type_may_have_its_own_and_a_change_is_live()
    {
        var policies = new PolicySet();
        var planner = Given.Planner(policies);
        planner.Register(Given.Worker("w", slots: 9, cores: 9));
        Assert.Equal("adaptive", PolicyOf("quick"));

        policies.Use("quick", "round_robin");
        Assert.Equal("round_robin", PolicyOf("quick"));
        Assert.Equal("adaptive", PolicyOf("other"));
        Assert.Equal([("quick", "round_robin")], policies.ByTestType.Select(entry => (entry.Key, entry.Value.ToString())));

        policies.UseDefault("quick");
        policies.Default = "round_robin";
        Assert.Equal("round_robin", PolicyOf("other"));

        string PolicyOf(string testType)
        {
            planner.Submit(Given.Demand() with { TestType = testType });
            return planner.Plan(Given.Noon, 10).Decisions.Single().Policy;
        }
    }

    [Fact]
    public void An_unknown_policy_is_refused_with_its_name_and_the_known_ones()
    {
        var policies = new PolicySet([new UsersPolicy("mine", context => UsersPolicy.Only(context.Candidates[0].Worker.WorkerId))]);

        var refusal = Assert.Throws<PolicySpecException>(() => policies.Use("quick", "fastest"));

        Assert.Contains("'fastest'", refusal.Message);
        Assert.Contains("composite, mine, performance_based", refusal.Message);
        Assert.Throws<PolicySpecException>(() => policies.Default = "fastest");
        Assert.Throws<PolicySpecException>(() => new PolicySet(defaultPolicy: "fastest"));
    }

    [Fact]
    public void A_name_that_is_taken_is_refused()
    {
        var refusal = Assert.Throws<PolicySpecException>(() => new PolicySet([new UsersPolicy("adaptive", _ => UsersPolicy.Only(null!))]));

        Assert.Contains("'adaptive'", refusal.Message);
    }

    [Theory]
    [InlineData("composite")]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("a-name-that-a-stored-score-has-no-room-for")]
    public void A_name_that_could_not_be_selected_is_refused(string name) =>
        Assert.Contains($"'{name[..Math.Min(name.Length, 20)]}", Assert.Throws<PolicySpecException>(() => new PolicySet([UsersPolicy.InOrder(name)])).Message);

    [Fact]
    public void All_seven_are_there() => Assert.Equal(
        ["adaptive", "affinity_based", "composite", "performance_based", "priority_based", "round_robin", "weighted_round_robin"],
        new PolicySet().Names);

    [Fact]
    public void A_registered_policy_is_used_like_a_built_in_one()
    {
        var last = new UsersPolicy("last", context => UsersPolicy.Only(context.Candidates[^1].Worker.WorkerId));
        var planner = Given.Planner(new PolicySet([last], defaultPolicy: "last"));
        planner.Register(Given.Worker("w1"), Given.Worker("w2"));
        planner.Submit(Given.Demand());

        var decision = Assert.Single(planner.Plan(Given.Noon, 10).Decisions);

        Assert.Equal(("w2", "last", "mine"), (decision.WorkerId, decision.Policy, decision.Reason));
    }

    public static TheoryData<string, Func<PlacementContext, PolicyChoice>> BrokenPromises => new()
    {
        { "it threw InvalidTimeZoneException: lost", _ => throw new InvalidTimeZoneException("lost") },
        { "it chose no worker", _ => null! },
        { "it chose no worker", _ => new PolicyChoice([]) },
        { "it chose worker 'stranger', which was not offered", _ => UsersPolicy.Only("stranger") },
        { "it chose worker 'busy', which was not offered", _ => UsersPolicy.Only("busy") },
        { "it ranked a worker twice", _ => new PolicyChoice([.. UsersPolicy.Only("free").Ranked, .. UsersPolicy.Only("free").Ranked]) },
        { "its score for worker 'free' is no number", _ => UsersPolicy.Only("free", double.NaN) },
        { "it left out a worker, a score or a reason", _ => new PolicyChoice([null!]) },
    };

    [Theory]
    [MemberData(nameof(BrokenPromises))]
    public void A_policy_that_breaks_its_promise_fails_that_decision_only(string error, Func<PlacementContext, PolicyChoice> choose)
    {
        var policies = new PolicySet([new UsersPolicy("broken", choose)]);
        policies.Use("odd", "broken");
        var planner = Given.Planner(policies);
        planner.Register(Given.Worker("busy"), Given.Worker("free", slots: 2));
        planner.Restore(Given.Reservation("busy"));
        var odd = planner.Submitted(Given.Demand(priority: 1) with { TestType = "odd" });
        var other = planner.Submitted(Given.Demand());

        var plan = planner.Plan(Given.Noon, 10);

        Assert.Equal(new PolicyFailure(odd.RunId, "broken", error), Assert.Single(plan.PolicyFailures));
        Assert.Equal(other.RunId, Assert.Single(plan.Decisions).RunId);
        Assert.True(planner.IsWaiting(odd.RunId));
        Assert.Single(planner.ReservationsOn("free"));
    }

    [Fact]
    public void Texts_of_a_policy_are_cut_to_what_a_decision_has_room_for()
    {
        var wordy = new UsersPolicy("wordy", context => new PolicyChoice(
            [new RankedWorker(context.Candidates[0].Worker.WorkerId, new Dictionary<string, double>(), new string('x', 5000))]));
        var planner = Given.Planner(new PolicySet([wordy], defaultPolicy: "wordy"));
        planner.Register(Given.Worker("w"));
        planner.Submit(Given.Demand());

        Assert.Equal(200, Assert.Single(planner.Plan(Given.Noon, 10).Decisions).Reason.Length);
    }
}
