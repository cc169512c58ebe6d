namespace LoadBalancer.Placement.Tests;

public sealed class LookAheadTests
{
    private static readonly TimeSpan Horizon = TimeSpan.FromSeconds(2);
    private static readonly DateTimeOffset Later = Given.Noon.AddSeconds(0.5);

    private readonly DurationModel durations = new();
    private readonly Planner planner;

    public LookAheadTests()
    {
        for (var i = 0; i < 200; i++)
        {
            durations.Learn(Given.Passed(1, "short"));
            durations.Learn(Given.Passed(60, "long"));
        }

        planner = new Planner(new PolicySet(), durations, new Random(1), horizon: Horizon);
    }

    [Fact]
    public void A_run_follows_one_that_is_about_to_end_and_has_its_place()
    {
        var (first, _) = RunningShortOnes(workers: 1);
        var next = planner.Submitted(Given.Demand(testId: "short"));
        planner.Submitted(Given.Demand(testId: "short"));

        var decision = Assert.Single(planner.Plan(Later, 10).Decisions);

        Assert.Equal(new AttemptId(first.RunId, 1), decision.StartsAfter);
        Assert.Equal(next.RunId, decision.RunId);
        Assert.Contains(first.RunId.ToString(), decision.Reason);
        Assert.Equal(first.RunId, Assert.Single(planner.ReservationsOn("w0")).RunId);
        Assert.True(planner.Release(first.RunId, 1));
        Assert.Equal(next.RunId, Assert.Single(planner.ReservationsOn("w0")).RunId);
    }

    [Fact]
    public void Nothing_is_handed_out_ahead_unless_it_is_asked_for()
    {
        var plain = new Planner(new PolicySet(), durations, new Random(1));
        plain.Register(Given.Worker("w0"));
        var first = plain.Submitted(Given.Demand(testId: "short"));
        plain.PlaceAll();
        plain.Started(first.RunId, 1);
        plain.Submitted(Given.Demand(testId: "short"));
        plain.Submitted(Given.Demand(testId: "short"));

        Assert.Empty(plain.Plan(Later, 10).Decisions);
    }

    [Fact]
    public void Nothing_follows_an_attempt_that_is_not_known_to_run_or_that_takes_long()
    {
        planner.Register(Given.Worker("w0"), Given.Worker("w1"));
        var slow = planner.Submitted(Given.Demand(testId: "long"));
        planner.Submitted(Given.Demand(testId: "short"));
        planner.PlaceAll();
        planner.Started(slow.RunId, 1);
        WaitMany();

        Assert.Empty(planner.Plan(Later, 10).Decisions);
    }

    [Fact]
    public void A_long_attempt_is_followed_when_it_has_nearly_ended()
    {
        planner.Register(Given.Worker("w0"));
        var slow = planner.Submitted(Given.Demand(testId: "long"));
        var late = planner.Plan(Given.Noon, 1).Decisions[0].Predicted!.Value.P90;
        planner.Started(slow.RunId, 1);
        WaitMany();

        Assert.Empty(planner.Plan(Given.Noon + late - Horizon - TimeSpan.FromSeconds(0.1), 10).Decisions);
        Assert.Equal(slow.RunId, Assert.Single(planner.Plan(Given.Noon + late - Horizon, 10).Decisions).StartsAfter!.Value.RunId);
    }

    [Fact]
    public void One_attempt_has_one_successor_and_a_successor_none_before_it_runs()
    {
        RunningShortOnes(workers: 1);
        WaitMany();

        Assert.Single(planner.Plan(Later, 10).Decisions);
        Assert.Empty(planner.Plan(Later, 10).Decisions);
    }

    [Fact]
    public void Who_needs_more_than_the_attempt_holds_or_a_key_does_not_follow_it()
    {
        RunningShortOnes(workers: 1, memoryGb: 2);
        planner.Submitted(Given.Demand(new Requirements { MemoryGb = 3 }, testId: "short"));
        planner.Submitted(Given.Demand(testId: "short", keys: "licence"));

        Assert.Empty(planner.Plan(Later, 10).Decisions);

        var small = planner.Submitted(Given.Demand(new Requirements { MemoryGb = 1 }, testId: "short"));
        Assert.Equal(small.RunId, Assert.Single(planner.Plan(Later, 10).Decisions).RunId);
    }

    [Fact]
    public void The_successor_gets_devices_of_the_attempt_it_follows_and_no_others()
    {
        planner.Register(Given.Worker("w0", slots: 2, devices: [Given.Cuda("0"), Given.Cuda("1")]));
        var first = planner.Submitted(Given.Demand(Given.Accelerators(1), testId: "short"));
        var device = Assert.Single(planner.Plan(Given.Noon, 1).Decisions[0].Reservation.Devices).Id;
        planner.Submitted(Given.Demand(Given.Accelerators(1), testId: "long"));
        planner.PlaceAll();
        planner.Started(first.RunId, 1);
        for (var i = 0; i < 3; i++)
            planner.Submitted(Given.Demand(Given.Accelerators(1), testId: "short"));

        var decision = Assert.Single(planner.Plan(Later, 10).Decisions);

        Assert.Equal(device, Assert.Single(decision.Reservation.Devices).Id);
    }

    [Fact]
    public void A_successor_that_is_taken_back_leaves_the_place_to_who_holds_it()
    {
        var (first, _) = RunningShortOnes(workers: 1);
        var next = planner.Submitted(Given.Demand(testId: "short"));
        WaitMany();
        Assert.Equal(next.RunId, Assert.Single(planner.Plan(Later, 10).Decisions).RunId);

        Assert.True(planner.Release(next.RunId, 1));
        Assert.Equal(first.RunId, Assert.Single(planner.ReservationsOn("w0")).RunId);
        planner.Submit(next);

        // Whoever was taken back there is not sent there again.
        Assert.Empty(planner.Plan(Later, 10).Decisions);
    }

    [Fact]
    public void The_last_runs_go_where_a_place_is_free_first()
    {
        RunningShortOnes(workers: 2);
        planner.Submitted(Given.Demand(testId: "short"));
        planner.Submitted(Given.Demand(testId: "short"));

        Assert.Empty(planner.Plan(Later, 10).Decisions);
    }

    [Fact]
    public void Attempts_that_have_ended_are_not_counted_as_places_to_come()
    {
        planner.Register(Given.Worker("w0"));
        for (var i = 0; i < 10; i++)
        {
            var past = planner.Submitted(Given.Demand(testId: "short"));
            planner.PlaceAll();
            planner.Started(past.RunId, 1);
            planner.Release(past.RunId, 1);
        }

        RunningShortOnes(workers: 1);
        planner.Submitted(Given.Demand(testId: "short"));
        planner.Submitted(Given.Demand(testId: "short"));

        Assert.Single(planner.Plan(Later, 10).Decisions);
    }

    [Fact]
    public void A_restored_successor_follows_as_before()
    {
        planner.Register(Given.Worker("w0"));
        var first = Given.Reservation("w0");
        var next = Given.Reservation("w0");
        planner.Restore(first, Given.Noon);
        planner.Restore(next, Given.Noon, startsAfter: new AttemptId(first.RunId, 1));

        Assert.Same(first, Assert.Single(planner.ReservationsOn("w0")));
        planner.Release(first.RunId, 1);
        Assert.Same(next, Assert.Single(planner.ReservationsOn("w0")));
    }

    [Fact]
    public void Nothing_is_handed_out_ahead_to_a_worker_that_is_kept_for_a_run_which_needs_more_of_it()
    {
        planner.Register(Given.Worker("w0", slots: 2));
        var ending = planner.Submitted(Given.Demand(new Requirements { MemoryGb = 8 }, testId: "short"));
        var lasting = planner.Submitted(Given.Demand(new Requirements { MemoryGb = 8 }, testId: "long"));
        planner.PlaceAll();
        planner.Started(ending.RunId, 1);
        planner.Started(lasting.RunId, 1);
        var whole = planner.Submitted(Given.Demand(new Requirements { MemoryGb = 16 }, testId: "short"));
        planner.Register(Given.Worker("w0", slots: 3));
        WaitMany();

        var plan = planner.Plan(Later, 10);

        Assert.Equal(whole.RunId, Assert.Single(plan.Kept).ForRun);
        Assert.DoesNotContain(plan.Decisions, decision => decision.StartsAfter is not null);
    }

    [Fact]
    public void Nothing_follows_on_a_worker_that_came_back_smaller_than_what_it_holds()
    {
        planner.Register(Given.Worker("w0", slots: 2, memoryGb: 4));
        var ending = planner.Submitted(Given.Demand(new Requirements { MemoryGb = 2 }, testId: "short"));
        planner.Submitted(Given.Demand(new Requirements { MemoryGb = 2 }, testId: "long"));
        planner.PlaceAll();
        planner.Started(ending.RunId, 1);
        WaitMany();

        planner.Register(Given.Worker("w0", slots: 2, memoryGb: 3));
        Assert.Empty(planner.Plan(Later, 10).Decisions);

        planner.Register(Given.Worker("w0", slots: 2, memoryGb: 4));
        Assert.Equal(ending.RunId, Assert.Single(planner.Plan(Later, 10).Decisions).StartsAfter!.Value.RunId);
    }

    [Fact]
    public void A_successor_that_runs_already_is_followed_when_its_predecessor_is_gone_and_not_before()
    {
        var (first, _) = RunningShortOnes(workers: 1);
        WaitMany();
        var next = Assert.Single(planner.Plan(Later, 10).Decisions);
        planner.Started(next.RunId, 1);

        Assert.Empty(planner.Plan(Later.AddSeconds(1), 10).Decisions);

        planner.Release(first.RunId, 1);
        Assert.Equal(next.RunId, Assert.Single(planner.Plan(Later.AddSeconds(1), 10).Decisions).StartsAfter!.Value.RunId);
    }

    private (TestDemand First, IReadOnlyList<TestDemand> All) RunningShortOnes(int workers, double memoryGb = 1)
    {
        for (var i = 0; i < workers; i++)
            planner.Register(Given.Worker($"w{i}"));
        var running = Enumerable.Range(0, workers).Select(_ => planner.Submitted(Given.Demand(new Requirements { MemoryGb = memoryGb }, testId: "short"))).ToList();
        planner.PlaceAll();
        foreach (var run in running)
            planner.Started(run.RunId, 1);
        return (running[0], running);
    }

    private void WaitMany()
    {
        for (var i = 0; i < 8; i++)
            planner.Submitted(Given.Demand(testId: "short"));
    }
}
