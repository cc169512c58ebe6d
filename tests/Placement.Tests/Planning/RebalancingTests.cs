namespace LoadBalancer.Placement.Tests;

public sealed class RebalancingTests
{
    private static readonly TimeSpan Horizon = TimeSpan.FromSeconds(2);

    private readonly DurationModel durations = new();
    private readonly Planner planner;

    public RebalancingTests()
    {
        for (var i = 0; i < 200; i++)
            durations.Learn(Given.Passed(1, "short"));
        planner = new Planner(new PolicySet(), durations, new Random(1), horizon: Horizon);
    }

    [Fact]
    public void A_successor_moves_when_the_attempt_it_follows_does_not_end_and_another_worker_is_free()
    {
        var (first, next) = Following();
        planner.Register(Given.Worker("w1"));

        Assert.Empty(planner.Rebalance(Given.Noon.AddSeconds(2)));
        var move = Assert.Single(planner.Rebalance(Given.Noon.AddSeconds(60)));

        Assert.Equal(new AttemptId(next.RunId, 1), move.Attempt);
        Assert.Equal(("w0", "w1"), (move.From, move.To));
        Assert.InRange(move.Gain.TotalSeconds, 5, 60);
        Assert.Contains(first.RunId.ToString(), move.Reason);
    }

    [Fact]
    public void A_move_is_proposed_once_and_a_run_is_moved_once()
    {
        var (_, next) = Following();
        planner.Register(Given.Worker("w1"));
        Assert.Single(planner.Rebalance(Given.Noon.AddSeconds(60)));
        Assert.Empty(planner.Rebalance(Given.Noon.AddSeconds(61)));

        planner.Release(next.RunId, 1);
        planner.Submit(next with { Attempt = 2, WasMoved = true });
        Assert.Equal("w1", Assert.Single(planner.Plan(Given.Noon.AddSeconds(62), 1).Decisions).WorkerId);
        planner.Register(Given.Worker("w2"));
        Assert.Empty(planner.Rebalance(Given.Noon.AddSeconds(600)));
    }

    [Fact]
    public void What_was_moved_is_not_handed_out_ahead_again()
    {
        Following();
        var moved = planner.Submitted(Given.Demand(testId: "short") with { WasMoved = true });
        for (var i = 0; i < 3; i++)
            planner.Submitted(Given.Demand(testId: "short", submittedAfter: TimeSpan.FromSeconds(1)));

        Assert.DoesNotContain(planner.Plan(Given.Noon.AddSeconds(1), 10).Decisions, decision => decision.RunId == moved.RunId);
    }

    [Fact]
    public void What_its_worker_does_not_start_moves_to_one_that_is_free()
    {
        planner.Register(Given.Worker("w0"));
        var stuck = planner.Submitted(Given.Demand(testId: "short"));
        planner.PlaceAll();
        planner.Register(Given.Worker("w1"));

        Assert.Empty(planner.Rebalance(Given.Noon.AddSeconds(0.9)));
        Assert.Equal(stuck.RunId, Assert.Single(planner.Rebalance(Given.Noon.AddSeconds(5))).Attempt.RunId);
    }

    [Fact]
    public void What_runs_stays()
    {
        planner.Register(Given.Worker("w0"));
        var running = planner.Submitted(Given.Demand(testId: "short"));
        planner.PlaceAll();
        planner.Started(running.RunId, 1);
        planner.Register(Given.Worker("w1"));

        Assert.Empty(planner.Rebalance(Given.Noon.AddSeconds(600)));
    }

    [Fact]
    public void A_worker_that_cannot_run_it_is_drained_or_is_full_is_no_target()
    {
        planner.Register(Given.Worker("w0", devices: Given.Cuda("0")));
        planner.Submitted(Given.Demand(Given.Accelerators(1), testId: "short"));
        planner.PlaceAll();
        planner.Register(Given.Worker("w1"), Given.Worker("w2", devices: Given.Cuda("0")) with { Accepting = false }, Given.Worker("w3", slots: 0, devices: Given.Cuda("0")));

        Assert.Empty(planner.Rebalance(Given.Noon.AddSeconds(600)));
    }

    [Fact]
    public void One_free_worker_draws_one_run_and_not_all_of_them()
    {
        planner.Register(Given.Worker("w0", slots: 4));
        for (var i = 0; i < 4; i++)
            planner.Submitted(Given.Demand(testId: "short"));
        planner.PlaceAll();
        planner.Register(Given.Worker("w1", slots: 4));

        Assert.Single(planner.Rebalance(Given.Noon.AddSeconds(10)));
    }

    [Fact]
    public void A_worker_that_is_kept_for_another_run_is_no_target()
    {
        planner.Register(Given.Worker("w1", slots: 2));
        planner.Submitted(Given.Demand(new Requirements { MemoryGb = 12 }, testId: "short"));
        planner.PlaceAll();
        var whole = planner.Submitted(Given.Demand(new Requirements { MemoryGb = 16 }, testId: "short"));
        Assert.Equal("w1", Assert.Single(planner.Plan(Given.Noon, 10).Kept).WorkerId);
        Stuck();

        Assert.Empty(planner.Rebalance(Given.Noon.AddSeconds(60)));

        planner.Withdraw(whole.RunId);
        planner.PlaceAll();
        Assert.Equal("w1", Assert.Single(planner.Rebalance(Given.Noon.AddSeconds(60))).To);
    }

    [Fact]
    public void A_worker_that_the_run_avoids_is_no_target()
    {
        Stuck("w1");
        planner.Register(Given.Worker("w1"));
        Assert.Empty(planner.Rebalance(Given.Noon.AddSeconds(60)));

        planner.Register(Given.Worker("w2"));
        Assert.Equal("w2", Assert.Single(planner.Rebalance(Given.Noon.AddSeconds(60))).To);
    }

    [Fact]
    public void A_run_leaves_a_worker_that_is_prepared_for_it_only_if_that_saves_more_than_preparing_again()
    {
        for (var i = 0; i < 20; i++)
        {
            durations.Learn(Given.Passed(40, "prepared"));
            foreach (var (worker, revision) in new[] { ($"x{i}", "r"), ("w0", i == 0 ? "r" : "") })
                durations.Learn(Given.Passed(10, "other", "other") with { WorkerId = worker, WorkspaceRevision = revision, PrepareTime = TimeSpan.FromSeconds(30) });
        }

        var stuck = Stuck(Given.Demand(testId: "prepared") with { WorkspaceRevision = "r" });
        planner.Register(Given.Worker("w1"));

        Assert.Empty(planner.Rebalance(Given.Noon.AddSeconds(20)));
        Assert.Equal(stuck.RunId, Assert.Single(planner.Rebalance(Given.Noon.AddSeconds(60))).Attempt.RunId);
    }

    [Fact]
    public void A_run_moves_to_a_worker_on_which_tests_fail_only_if_that_saves_more_than_failing_costs()
    {
        for (var i = 0; i < 3000; i++)
        {
            var worker = i % 3 == 0 ? "w1" : $"x{i % 3}";
            var failed = i / 3 % (worker == "w1" ? 3 : 20) == 0;
            durations.Learn(Given.Passed(30, $"t{i / 3 % 7}") with { WorkerId = worker, Verdict = failed ? RunVerdict.Failed : RunVerdict.Passed });
        }

        Assert.True(durations.Failing.ExcessOn("w1") > 0.2);
        Stuck(Given.Demand(testId: "t1"));
        planner.Register(Given.Worker("w1"));

        Assert.Empty(planner.Rebalance(Given.Noon.AddSeconds(6)));
        Assert.Equal("w1", Assert.Single(planner.Rebalance(Given.Noon.AddSeconds(30))).To);
    }

    /// <summary>A run that a worker has been given and does not start.</summary>
    private TestDemand Stuck(params string[] avoid) => Stuck(Given.Demand(testId: "short") with { AvoidWorkers = avoid });

    private TestDemand Stuck(TestDemand demand)
    {
        planner.Register(Given.Worker("w0", memoryGb: 2));
        var stuck = planner.Submitted(demand);
        Assert.Equal("w0", Assert.Single(planner.PlaceAll()));
        return stuck;
    }

    /// <summary>A run on the only worker, and one that follows it.</summary>
    private (TestDemand First, TestDemand Next) Following()
    {
        planner.Register(Given.Worker("w0"));
        var first = planner.Submitted(Given.Demand(testId: "short"));
        planner.PlaceAll();
        planner.Started(first.RunId, 1);
        var next = planner.Submitted(Given.Demand(testId: "short"));
        var other = planner.Submitted(Given.Demand(testId: "short"));
        Assert.Equal(next.RunId, Assert.Single(planner.Plan(Given.Noon.AddSeconds(0.5), 10).Decisions).RunId);
        planner.Withdraw(other.RunId);
        return (first, next);
    }
}
