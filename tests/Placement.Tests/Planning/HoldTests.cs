namespace LoadBalancer.Placement.Tests;

/// <summary>A run that needs more of one worker than is ever free at once, among many that need little.</summary>
public sealed class HoldTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(60);
    private static readonly double MuchLater = (5 * Planner.UsualAgingStep).TotalSeconds;

    private readonly Planner planner = Given.Planner();

    public HoldTests() => planner.Register(Given.Worker("w", slots: 4, devices: [Given.Cuda("0"), Given.Cuda("1")]));

    [Fact]
    public void A_run_of_two_devices_is_not_starved_by_runs_of_one()
    {
        var first = Place(Small(), Given.Noon);
        var second = Place(Small(), Given.Noon.AddSeconds(30));
        var large = planner.Submitted(Large(submittedAfter: 31));
        for (var other = 0; other < 10; other++)
            planner.Submit(Small(submittedAfter: 32));

        Assert.Equal(large.RunId, Assert.Single(planner.Plan(Given.Noon.AddSeconds(33), 10).Kept).ForRun);
        planner.Release(first.RunId, 1);
        Assert.Empty(planner.Plan(Given.Noon.AddSeconds(60), 10).Decisions);
        planner.Release(second.RunId, 1);

        Assert.Equal(large.RunId, planner.Plan(Given.Noon.AddSeconds(90), 10).Decisions[0].RunId);
    }

    [Fact]
    public void What_ends_before_there_is_room_may_run_meanwhile()
    {
        var first = Place(Small(), Given.Noon);
        Place(Small(), Given.Noon.AddSeconds(50));
        planner.Submit(Large(submittedAfter: 51));
        planner.Plan(Given.Noon.AddSeconds(52), 10);
        planner.Release(first.RunId, 1);
        planner.Submit(Small(submittedAfter: 53));
        var brief = planner.Submitted(Small(submittedAfter: 54) with { ExpectedDuration = TimeSpan.FromSeconds(5) });

        Assert.Equal([brief.RunId], planner.Plan(Given.Noon.AddSeconds(60), 10).Decisions.Select(decision => decision.RunId));
    }

    [Fact]
    public void What_fits_beside_it_may_run_meanwhile()
    {
        Place(Small(), Given.Noon);
        planner.Submit(Large(submittedAfter: 1));
        var cpu = planner.Submitted(Given.Demand(submittedAfter: TimeSpan.FromSeconds(2)));

        var plan = planner.Plan(Given.Noon.AddSeconds(3), 10);

        Assert.Equal([cpu.RunId], plan.Decisions.Select(decision => decision.RunId));
        Assert.Single(plan.Kept);
    }

    [Fact]
    public void Whose_turn_is_earlier_takes_the_worker_that_was_kept_for_another()
    {
        var first = Place(Small(), Given.Noon);
        planner.Submit(Large(submittedAfter: 1));
        Assert.Single(planner.Plan(Given.Noon.AddSeconds(2), 10).Kept);
        var urgent = planner.Submitted(Large(submittedAfter: 3) with { Priority = 1 });
        planner.Release(first.RunId, 1);

        Assert.Equal(urgent.RunId, Assert.Single(planner.Plan(Given.Noon.AddSeconds(4), 10).Decisions).RunId);
    }

    [Fact]
    public void Who_is_held_off_is_told_for_whom()
    {
        Place(Small(), Given.Noon);
        var large = planner.Submitted(Large(submittedAfter: 1));
        var small = planner.Submitted(Small(submittedAfter: 2));
        Assert.Empty(planner.Plan(Given.Noon.AddSeconds(3), 10).Decisions);

        Assert.Contains($"w is kept for run {large.RunId}", planner.Explain(small, Given.Noon.AddSeconds(3)).Blocker, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_came_much_earlier_takes_over_the_worker_that_is_kept_for_another()
    {
        var place = Place(Small(), Given.Noon);
        planner.Submit(Large(MuchLater));
        planner.Plan(Given.Noon.AddSeconds(MuchLater), 10);
        var early = planner.Submitted(Large(submittedAfter: 0));

        Assert.Equal(early.RunId, Assert.Single(planner.Plan(Given.Noon.AddSeconds(MuchLater), 10).Kept).ForRun);
        planner.Release(place.RunId, 1);
        Assert.Equal(early.RunId, Assert.Single(planner.Plan(Given.Noon.AddSeconds(MuchLater), 10).Decisions).RunId);
    }

    [Fact]
    public void A_kept_worker_goes_to_who_came_much_earlier_when_there_is_room()
    {
        var place = Place(Small(), Given.Noon);
        planner.Submit(Large(MuchLater));
        planner.Plan(Given.Noon.AddSeconds(MuchLater), 10);
        planner.Release(place.RunId, 1);
        var early = planner.Submitted(Large(submittedAfter: 0));

        Assert.Equal(early.RunId, Assert.Single(planner.Plan(Given.Noon.AddSeconds(MuchLater), 10).Decisions).RunId);
    }

    [Fact]
    public void Who_came_before_the_run_for_which_a_worker_is_kept_goes_first_however_long_he_is()
    {
        Place(Small(), Given.Noon);
        planner.Submit(Large(submittedAfter: 10));
        planner.Plan(Given.Noon.AddSeconds(20), 10);
        var early = planner.Submitted(Small(submittedAfter: 5) with { ExpectedDuration = 5 * Length });
        planner.Submit(Small(submittedAfter: 20) with { ExpectedDuration = 10 * Length });
        planner.Submit(Small(submittedAfter: 20) with { ExpectedDuration = 2 * Length });

        Assert.Equal([early.RunId], planner.Plan(Given.Noon.AddSeconds(20), 10).Decisions.Select(decision => decision.RunId));
    }

    [Fact]
    public void What_is_short_enough_does_not_overtake_what_came_much_earlier()
    {
        var step = Planner.UsualAgingStep.TotalSeconds;
        var now = Given.Noon.AddSeconds(5 * step);
        Place(Small(), now);
        planner.Submit(Large(submittedAfter: 2 * step) with { Priority = 1 });
        planner.Plan(now, 10);
        var early = planner.Submitted(Small(submittedAfter: 0) with { Priority = 5, ExpectedDuration = Length / 10 });
        planner.Submit(Small(submittedAfter: 3.5 * step) with { Priority = 1, ExpectedDuration = 5 * Length });
        planner.Submit(Small(submittedAfter: 5 * step) with { Priority = 1, ExpectedDuration = Length / 10 });

        Assert.Equal(early.RunId, planner.Plan(now, 10).Decisions[0].RunId);
    }

    [Fact]
    public void A_worker_is_no_longer_kept_for_who_goes_elsewhere_in_the_same_plan()
    {
        var step = Planner.UsualAgingStep.TotalSeconds;
        var now = Given.Noon.AddSeconds(5 * step);
        planner.Register(Given.Worker("w2", slots: 4, devices: [Given.Cuda("0"), Given.Cuda("1")]));
        var places = new[] { Place(Small(), now), Place(Small(), now) }.ToDictionary(place => place.WorkerId);
        var large = planner.Submitted(Large(submittedAfter: 2 * step) with { Priority = 1 });
        Assert.Equal("w", Assert.Single(planner.Plan(now, 10).Kept).WorkerId);
        var early = planner.Submitted(Small(submittedAfter: 0) with { Priority = 5, ExpectedDuration = 5 * Length });
        planner.Submit(Small(submittedAfter: 4.5 * step) with { Priority = 1, ExpectedDuration = Length / 10 });

        planner.Release(places["w2"].RunId, 1);

        Assert.Equal([(large.RunId, "w2"), (early.RunId, "w")], planner.Plan(now, 10).Decisions.Select(decision => (decision.RunId, decision.WorkerId)));
    }

    [Fact]
    public void A_worker_is_no_longer_kept_for_who_loses_a_key_in_the_same_plan()
    {
        var step = Planner.UsualAgingStep.TotalSeconds;
        var now = Given.Noon.AddSeconds(5 * step);
        Place(Small(), now);
        planner.Submit(Large(submittedAfter: 2 * step) with { Priority = 1, ConcurrencyKeys = ["key"], ExpectedDuration = 10 * Length });
        var keyed = planner.Submitted(Demand(0, 2 * step) with { Priority = 1, ConcurrencyKeys = ["key"] });
        var early = planner.Submitted(Small(submittedAfter: 0) with { Priority = 5, ExpectedDuration = 5 * Length });
        planner.Submit(Small(submittedAfter: 4.5 * step) with { Priority = 1, ExpectedDuration = Length / 10 });

        Assert.Equal([keyed.RunId, early.RunId], planner.Plan(now, 10).Decisions.Select(decision => decision.RunId));
    }

    private static TestDemand Small(double submittedAfter = 0) => Demand(1, submittedAfter);

    private static TestDemand Large(double submittedAfter) => Demand(2, submittedAfter);

    private static TestDemand Demand(double devices, double submittedAfter) =>
        Given.Demand(Given.Accelerators(devices), submittedAfter: TimeSpan.FromSeconds(submittedAfter)) with { ExpectedDuration = Length };

    private Decision Place(TestDemand demand, DateTimeOffset now)
    {
        planner.Submit(demand);
        return Assert.Single(planner.Plan(now, 10).Decisions);
    }
}
