namespace LoadBalancer.Placement.Tests;

/// <summary>A run that needs two keys, one of which is held, and one that came much later and needs only the other.</summary>
public sealed class KeyOrderTests
{
    private static readonly TimeSpan MuchLater = 5 * Planner.UsualAgingStep;

    private readonly Planner planner = Given.Planner();
    private readonly TestDemand both = Given.Demand(new Requirements { Browsers = ["chrome"] }, keys: ["a", "b"]);

    public KeyOrderTests()
    {
        planner.Register(Given.Worker("w", slots: 4) with { Browsers = ["chrome"] });
        planner.Restore(Given.Reservation("w", keys: "b"));
        planner.Submit(both);
    }

    [Fact]
    public void A_key_is_left_to_who_waits_much_longer_for_it()
    {
        var late = planner.Submitted(Given.Demand(submittedAfter: MuchLater, keys: "a"));

        var plan = planner.Plan(Given.Noon + MuchLater, 10);

        Assert.Empty(plan.Decisions);
        Assert.Equal([new LeftKey("a", both.RunId, both.SubmittedAt + (4 * Planner.UsualAgingStep))], plan.LeftKeys);
        Assert.Equal($"key 'a' is left to run {both.RunId}, which has waited much longer", planner.Explain(late, Given.Noon + MuchLater).Blocker);
    }

    [Fact]
    public void Who_came_soon_after_it_takes_the_key_meanwhile()
    {
        planner.Submit(Given.Demand(submittedAfter: Planner.UsualAgingStep, keys: "a"));

        Assert.Single(planner.Plan(Given.Noon + MuchLater, 10).Decisions);
    }

    [Fact]
    public void A_key_is_not_left_to_who_could_not_run_anyway()
    {
        planner.Submit(Given.Demand(submittedAfter: MuchLater, keys: "a"));
        planner.Register(Given.Worker("w", slots: 4));

        Assert.Single(planner.Plan(Given.Noon + MuchLater, 10).Decisions);
    }

    [Fact]
    public void A_key_is_not_left_to_who_needs_one_that_is_closed()
    {
        planner.Submit(Given.Demand(submittedAfter: MuchLater, keys: "a"));
        Assert.Empty(planner.Plan(Given.Noon + MuchLater, 10).Decisions);

        planner.LimitKey("b", 0);

        Assert.Single(planner.Plan(Given.Noon + MuchLater, 10).Decisions);
    }

    [Fact]
    public void When_it_is_withdrawn_the_key_is_free_for_all()
    {
        planner.Submit(Given.Demand(submittedAfter: MuchLater, keys: "a"));
        planner.Plan(Given.Noon + MuchLater, 10);
        planner.Withdraw(both.RunId);

        Assert.Single(planner.Plan(Given.Noon + MuchLater, 10).Decisions);
    }

    [Fact]
    public void A_key_is_not_left_to_who_waits_for_a_closed_one_until_that_is_opened()
    {
        var late = planner.Submitted(Given.Demand(submittedAfter: MuchLater, keys: "a"));
        planner.LimitKey("b", 0);

        Assert.Equal(late.RunId, Assert.Single(planner.Plan(Given.Noon + MuchLater, 10).Decisions).RunId);

        planner.Release(late.RunId, 1);
        planner.Submit(late);
        planner.LimitKey("b", 1);

        Assert.Empty(planner.Plan(Given.Noon + MuchLater, 10).Decisions);
    }

    [Fact]
    public void While_the_device_is_busy_that_a_run_needs_others_take_its_key_on_workers_without_one()
    {
        var fleet = Given.Planner();
        fleet.Register(Given.Worker("gpu", slots: 4, devices: Given.Cuda("0")));
        var busy = fleet.Submitted(Given.Demand(Given.Accelerators(1)));
        fleet.PlaceAll();
        var waits = fleet.Submitted(Given.Demand(Given.Accelerators(1), keys: "db"));
        var late = fleet.Submitted(Given.Demand(submittedAfter: MuchLater, keys: "db"));

        Assert.Empty(fleet.Plan(Given.Noon + MuchLater, 10).Decisions);

        fleet.Register(Given.Worker("cpu"));
        Assert.Equal("cpu", Assert.Single(fleet.Plan(Given.Noon + MuchLater, 10).Decisions).WorkerId);

        fleet.Release(late.RunId, 1);
        fleet.Release(busy.RunId, 1);
        fleet.Submit(late);
        Assert.Equal(waits.RunId, Assert.Single(fleet.Plan(Given.Noon + MuchLater, 10).Decisions).RunId);
    }
}
