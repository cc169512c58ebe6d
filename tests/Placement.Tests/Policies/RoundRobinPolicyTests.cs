namespace LoadBalancer.Placement.Tests;

public sealed class RoundRobinPolicyTests
{
    private readonly Planner planner = Given.RoundRobinPlanner();

    [Fact]
    public void Workers_take_turns_in_the_order_in_which_they_registered()
    {
        planner.Register(Given.Worker("b", slots: 3), Given.Worker("a", slots: 3), Given.Worker("c", slots: 3));
        SubmitMany(7);

        Assert.Equal(["b", "a", "c", "b", "a", "c", "b"], planner.PlaceAll());
    }

    [Fact]
    public void Runs_that_only_some_can_take_do_not_skew_the_turns_of_the_others()
    {
        planner.Register(
            Given.Worker("gpu", slots: 20, memoryGb: 64, cores: 64, devices: Given.Cuda("0")),
            Given.Worker("cpu1", slots: 20, memoryGb: 64, cores: 64),
            Given.Worker("cpu2", slots: 20, memoryGb: 64, cores: 64));
        for (var i = 0; i < 12; i++)
            planner.Submit(i % 3 == 0 ? Given.Demand(Given.Accelerators(0.05)) : Given.Demand());

        var runs = planner.PlaceAll().CountBy(worker => worker).ToDictionary();

        Assert.Equal((4, 4, 4), (runs["gpu"], runs["cpu1"], runs["cpu2"]));
    }

    [Fact]
    public void The_turn_goes_on_when_workers_join_and_leave()
    {
        planner.Register(Given.Worker("a", slots: 9), Given.Worker("b", slots: 9), Given.Worker("c", slots: 9));
        SubmitMany(2);
        Assert.Equal(["a", "b"], planner.PlaceAll());

        planner.Forget("a");
        planner.Register(Given.Worker("d", slots: 9));
        SubmitMany(5);

        // a's place is taken by d: neither has been chosen before, so the order of c and d is the order of the fleet.
        Assert.Equal(["d", "c", "b", "d", "c"], planner.PlaceAll());
    }

    [Fact]
    public void A_worker_that_changes_keeps_its_turn()
    {
        planner.Register(Given.Worker("a", slots: 9), Given.Worker("b", slots: 9));
        SubmitMany(1);
        planner.PlaceAll();

        planner.Register(Given.Worker("a", slots: 8));
        SubmitMany(2);

        Assert.Equal(["b", "a"], planner.PlaceAll());
    }

    [Fact]
    public void A_worker_that_was_full_is_next_when_it_is_free()
    {
        planner.Register(Given.Worker("a"), Given.Worker("b", slots: 9));
        var first = planner.Submitted(Given.Demand());
        SubmitMany(3);
        Assert.Equal(["a", "b", "b", "b"], planner.PlaceAll());

        planner.Release(first.RunId, 1);
        SubmitMany(1);

        Assert.Equal(["a"], planner.PlaceAll());
    }

    private void SubmitMany(int runs)
    {
        for (var i = 0; i < runs; i++)
            planner.Submit(Given.Demand());
    }
}
