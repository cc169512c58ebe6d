namespace LoadBalancer.Placement.Tests;

public sealed class PlannerTests
{
    private readonly Planner planner = Given.Planner();

    [Fact]
    public void A_decision_says_who_what_and_why_and_reserves_at_once()
    {
        planner.Register(Given.Worker("gpu", slots: 2, devices: Given.Cuda("0")), Given.Worker("cpu"));
        var demand = planner.Submitted(Given.Demand(Given.Accelerators(0.5, 8) with { MemoryGb = 4, DiskGb = 10 }, keys: ["a", "b", "a"]));

        var decision = Assert.Single(planner.Plan(Given.Noon, 10).Decisions);

        Assert.Equal((demand.RunId, 1, "gpu", "adaptive"), (decision.RunId, decision.Attempt, decision.WorkerId, decision.Policy));
        Assert.NotEmpty(decision.Reason);
        Assert.Equal(60, decision.Score["run"]);
        Assert.Equal(60, decision.Predicted!.Value.P50.TotalSeconds, precision: 6);
        Assert.Equal(1, decision.Refusals["accelerators"]);
        var reservation = Assert.Single(planner.ReservationsOn("gpu"));
        Assert.Same(decision.Reservation, reservation);
        Assert.Equal((4.0, 1.0, 10.0), (reservation.MemoryGb, reservation.CpuCores, reservation.DiskGb));
        Assert.Equal(new DeviceShare("cuda", "0", 0.5, 8), Assert.Single(reservation.Devices));
        Assert.Equal(["a", "b"], reservation.Keys);
        Assert.False(planner.IsWaiting(demand.RunId));
        Assert.Equal(0, planner.Waiting);
    }

    [Fact]
    public void Order_is_priority_then_submission_time_then_arrival()
    {
        var late = planner.Submitted(Given.Demand(priority: 3, submittedAfter: TimeSpan.FromSeconds(5)));
        var urgent = planner.Submitted(Given.Demand(priority: 1, submittedAfter: TimeSpan.FromSeconds(9)));
        var early = planner.Submitted(Given.Demand(priority: 3, submittedAfter: TimeSpan.FromSeconds(1)));
        var earlyToo = planner.Submitted(Given.Demand(priority: 3, submittedAfter: TimeSpan.FromSeconds(1)));
        planner.Register(Given.Worker("w", slots: 10));

        var order = planner.Plan(Given.Noon, 10).Decisions.Select(decision => decision.RunId);

        Assert.Equal([urgent.RunId, early.RunId, earlyToo.RunId, late.RunId], order);
    }

    [Fact]
    public void A_run_that_waits_for_capacity_or_a_key_does_not_hold_up_the_next()
    {
        planner.Register(Given.Worker("w", slots: 3, memoryGb: 8));
        planner.Restore(Given.Reservation("w", memoryGb: 2, keys: "license"));
        var large = planner.Submitted(Given.Demand(new Requirements { MemoryGb = 7 }, priority: 1));
        var keyed = planner.Submitted(Given.Demand(priority: 1, keys: "license"));
        var small = planner.Submitted(Given.Demand(priority: 5));

        var plan = planner.Plan(Given.Noon, 10);

        Assert.Equal(small.RunId, Assert.Single(plan.Decisions).RunId);
        Assert.Empty(plan.Impossible);
        Assert.True(planner.IsWaiting(large.RunId) && planner.IsWaiting(keyed.RunId));
    }

    [Fact]
    public void Freed_capacity_is_used_by_the_next_pass()
    {
        planner.Register(Given.Worker("w", slots: 1));
        var first = planner.Submitted(Given.Demand());
        var second = planner.Submitted(Given.Demand());
        planner.Plan(Given.Noon, 10);
        Assert.Empty(planner.Plan(Given.Noon, 10).Decisions);

        Assert.True(planner.Release(first.RunId, 1));

        Assert.Equal(second.RunId, Assert.Single(planner.Plan(Given.Noon, 10).Decisions).RunId);
    }

    [Fact]
    public void Runs_that_share_a_key_run_one_at_a_time_also_on_many_workers()
    {
        planner.Register(Given.Worker("w1"), Given.Worker("w2"), Given.Worker("w3"));
        for (var i = 0; i < 3; i++)
            planner.Submit(Given.Demand(keys: "license"));

        var first = Assert.Single(planner.Plan(Given.Noon, 10).Decisions);
        planner.LimitKey("license", 2);
        Assert.Single(planner.Plan(Given.Noon, 10).Decisions);
        planner.LimitKey("license", 1);
        planner.Release(first.RunId, 1);

        Assert.Empty(planner.Plan(Given.Noon, 10).Decisions);
    }

    [Fact]
    public void No_more_than_the_asked_number_of_decisions_is_taken()
    {
        planner.Register(Given.Worker("w", slots: 5));
        for (var i = 0; i < 5; i++)
            planner.Submit(Given.Demand());

        Assert.Equal(2, planner.PlaceAll(maxDecisions: 2).Count);
        Assert.Empty(planner.PlaceAll(maxDecisions: 0));
        Assert.Equal(3, planner.Waiting);
    }

    [Fact]
    public void A_delayed_run_waits_until_it_is_due_and_says_when_to_wake()
    {
        planner.Register(Given.Worker("w", slots: 2));
        planner.Submit(Given.Demand() with { NotBefore = Given.Noon.AddSeconds(2) });
        planner.Submit(Given.Demand() with { NotBefore = Given.Noon.AddSeconds(1) });

        var early = planner.Plan(Given.Noon, 10);
        Assert.Empty(early.Decisions);
        Assert.Equal(Given.Noon.AddSeconds(1), early.WakeAt);

        var later = planner.Plan(Given.Noon.AddSeconds(2), 10);
        Assert.Equal(2, later.Decisions.Count);
        Assert.Null(later.WakeAt);
    }

    [Fact]
    public void A_delayed_run_is_not_called_impossible_before_it_is_due()
    {
        planner.Submit(Given.Demand() with { NotBefore = Given.Noon.AddSeconds(1) });

        Assert.Empty(planner.Plan(Given.Noon, 10).Impossible);
        Assert.Single(planner.Plan(Given.Noon.AddSeconds(1), 10).Impossible);
    }

    [Fact]
    public void A_worker_that_takes_no_new_work_gets_none_and_makes_nothing_impossible()
    {
        planner.Register(Given.Worker("w") with { Accepting = false });
        planner.Submit(Given.Demand());
        var drained = planner.Plan(Given.Noon, 10);

        planner.Register(Given.Worker("w"));

        Assert.Empty(drained.Decisions);
        Assert.Empty(drained.Impossible);
        Assert.Equal(["w"], planner.PlaceAll());
    }

    [Fact]
    public void Blocked_is_not_impossible_but_after_the_last_capable_worker_left_it_is()
    {
        planner.Register(Given.Worker("gpu", devices: Given.Cuda("0")), Given.Worker("cpu"));
        planner.Submit(Given.Demand(Given.Accelerators(1)));
        var blocked = planner.Submitted(Given.Demand(Given.Accelerators(1)));
        Assert.Empty(planner.Plan(Given.Noon, 10).Impossible);

        planner.Forget("gpu");

        Assert.Equal(blocked.RunId, Assert.Single(planner.Plan(Given.Noon, 10).Impossible).RunId);
    }

    [Fact]
    public void A_worker_on_which_the_run_failed_is_used_only_if_no_other_is_capable()
    {
        planner.Register(Given.Worker("w1", slots: 2), Given.Worker("w2", slots: 1));
        planner.Restore(Given.Reservation("w2"));
        var retry = planner.Submitted(Given.Demand() with { Attempt = 2, AvoidWorkers = ["w1", "unknown"] });
        Assert.Empty(planner.PlaceAll());

        planner.Forget("w2");

        var decision = Assert.Single(planner.Plan(Given.Noon, 10).Decisions);
        Assert.Equal((retry.RunId, "w1"), (decision.RunId, decision.WorkerId));
    }

    [Fact]
    public void A_retry_does_not_wait_for_another_worker_that_takes_no_work()
    {
        planner.Register(Given.Worker("w1"), Given.Worker("lost") with { Accepting = false });
        var retry = planner.Submitted(Given.Demand() with { Attempt = 2, AvoidWorkers = ["w1"] });

        var decision = Assert.Single(planner.Plan(Given.Noon, 10).Decisions);

        Assert.Equal((retry.RunId, "w1"), (decision.RunId, decision.WorkerId));
    }

    [Fact]
    public void A_worker_to_avoid_is_still_used_for_equal_runs_that_need_not_avoid_it()
    {
        planner.Register(Given.Worker("w1", slots: 2), Given.Worker("w2", slots: 1));
        planner.Restore(Given.Reservation("w2"));
        planner.Submit(Given.Demand(priority: 1) with { AvoidWorkers = ["w1"] });
        var fresh = planner.Submitted(Given.Demand(priority: 2));

        Assert.Equal(fresh.RunId, Assert.Single(planner.Plan(Given.Noon, 10).Decisions).RunId);
    }

    [Fact]
    public void Reservations_outlive_a_worker_that_leaves_and_comes_back_smaller()
    {
        planner.Register(Given.Worker("w", slots: 4, memoryGb: 16));
        planner.Restore(Given.Reservation("w", memoryGb: 10));
        planner.Forget("w");
        planner.Register(Given.Worker("w", slots: 4, memoryGb: 8));
        planner.Submit(Given.Demand());

        Assert.Empty(planner.PlaceAll());
        Assert.Single(planner.ReservationsOn("w"));
    }

    [Fact]
    public void A_reservation_restored_before_its_worker_registers_counts()
    {
        planner.Restore(Given.Reservation("w") with { Devices = [new DeviceShare("cuda", "0", 1, 16)] });
        planner.Register(Given.Worker("w", slots: 4, devices: Given.Cuda("0")));
        planner.Submit(Given.Demand(Given.Accelerators(0.1)));

        Assert.Empty(planner.PlaceAll());
    }

    [Fact]
    public void A_failed_commit_is_taken_back_by_release_and_submit()
    {
        planner.Register(Given.Worker("w"));
        var demand = planner.Submitted(Given.Demand());
        planner.Plan(Given.Noon, 10);

        Assert.Throws<InvalidOperationException>(() => planner.Submit(demand));
        planner.Release(demand.RunId, 1);
        planner.Submit(demand);

        Assert.Equal(demand.RunId, Assert.Single(planner.Plan(Given.Noon, 10).Decisions).RunId);
    }

    [Fact]
    public void A_restored_attempt_no_longer_waits()
    {
        planner.Register(Given.Worker("w", slots: 2));
        var demand = planner.Submitted(Given.Demand());

        planner.Restore(Given.Reservation("w", runId: demand.RunId));

        Assert.False(planner.IsWaiting(demand.RunId));
        Assert.Empty(planner.PlaceAll());
    }

    [Fact]
    public void Submitting_again_replaces_and_withdrawing_ends_the_wait()
    {
        planner.Register(Given.Worker("small", memoryGb: 2), Given.Worker("large", memoryGb: 64));
        var demand = planner.Submitted(Given.Demand());
        planner.Submit(demand with { Requirements = new Requirements { MemoryGb = 32 } });
        Assert.Equal(1, planner.Waiting);
        Assert.Equal(["large"], planner.PlaceAll());

        var other = planner.Submitted(Given.Demand());
        Assert.True(planner.Withdraw(other.RunId));
        Assert.False(planner.Withdraw(other.RunId));
        Assert.Empty(planner.PlaceAll());
    }

    [Fact]
    public void Every_registered_worker_is_a_candidate_or_counted_in_one_refusal()
    {
        planner.Register(
            Given.Worker("chosen"),
            Given.Worker("full"),
            Given.Worker("tight", slots: 2, memoryGb: 4),
            Given.Worker("draining") with { Accepting = false },
            Given.Worker("failed before"),
            Given.Worker("tiny", memoryGb: 1));
        planner.Restore(Given.Reservation("full"));
        planner.Restore(Given.Reservation("tight", memoryGb: 3));
        planner.Submit(Given.Demand(new Requirements { MemoryGb = 2 }) with { AvoidWorkers = ["failed before"] });

        var decision = Assert.Single(planner.Plan(Given.Noon, 10).Decisions);

        var expected = new Dictionary<string, int>
        {
            ["memory"] = 1,
            ["notAccepting"] = 1,
            ["avoided"] = 1,
            ["slotsBusy"] = 1,
            ["memoryBusy"] = 1,
        };
        Assert.Equal(expected, decision.Refusals);
    }
}
