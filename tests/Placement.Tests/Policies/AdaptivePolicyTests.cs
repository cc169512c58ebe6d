namespace LoadBalancer.Placement.Tests;

public sealed class AdaptivePolicyTests
{
    private readonly DurationModel durations = new();
    private readonly Planner planner;

    public AdaptivePolicyTests() => planner = Given.Planner(durations: durations);

    [Fact]
    public void The_run_goes_where_it_is_predicted_to_end_first()
    {
        planner.Register(Given.Worker("slow", workerClass: "k80"), Given.Worker("fast", workerClass: "v100"));
        for (var run = 0; run < 50; run++)
        {
            durations.Learn(Given.Passed(40, workerClass: "k80"));
            durations.Learn(Given.Passed(10, workerClass: "v100"));
        }

        planner.Submit(Given.Demand());

        var decision = Assert.Single(planner.Plan(Given.Noon, 10).Decisions);

        Assert.Equal("fast", decision.WorkerId);
        Assert.InRange(decision.Score["run"], 9.8, 10.2);
        Assert.InRange(Assert.Single(decision.Alternatives).ScoreSeconds, 39, 41);
        Assert.Contains("10 s", decision.Reason);
        Assert.True(decision.Predicted!.Value.P90 > decision.Predicted.Value.P50);
    }

    [Fact]
    public void It_waits_for_a_busy_worker_where_it_will_be_done_earlier_and_says_so()
    {
        var demand = GivenOnlyTheSlowWorkerIsFree(busyFor: 5);

        var plan = planner.Plan(Given.Noon, 10);

        Assert.Empty(plan.Decisions);
        var waits = Assert.Single(plan.HeldBack);
        Assert.Equal((demand.RunId, "fast"), (waits.RunId, waits.WaitsFor));
        Assert.StartsWith("waits for fast, free in 5 s", waits.Reason);
    }

    [Fact]
    public void It_does_not_wait_where_that_gains_nothing()
    {
        GivenOnlyTheSlowWorkerIsFree(busyFor: 300);

        Assert.Equal(["slow"], planner.PlaceAll());
    }

    [Fact]
    public void It_does_not_wait_for_a_worker_that_it_avoids()
    {
        GivenOnlyTheSlowWorkerIsFree(busyFor: 5, Given.Demand() with { AvoidWorkers = ["fast"] });

        Assert.Equal(["slow"], planner.PlaceAll());
    }

    [Fact]
    public void Of_workers_that_are_alike_it_waits_only_for_one_that_can_do_it()
    {
        var python = Given.Worker("able", workerClass: "v100") with { Software = new Dictionary<string, string> { ["python"] = "3.12" } };
        planner.Register(python);
        planner.Restore(Given.Reservation("able"), Given.Noon, new DurationForecast(Math.Log(20), 0.1, 10));
        planner.Register(python with { WorkerId = "plain", Class = "k80" });
        GivenOnlyTheSlowWorkerIsFree(
            busyFor: 5, Given.Demand(new Requirements { Software = new Dictionary<string, string> { ["python"] = ">=3" } }));

        Assert.Equal("able", Assert.Single(planner.Plan(Given.Noon, 10).HeldBack).WaitsFor);
    }

    [Fact]
    public void It_waits_where_it_is_only_more_surely_done_earlier_and_says_that()
    {
        var here = Offer.Worker("here", 60, spread: 2);
        var sure = new LaterCandidate(Given.Worker("sure"), Given.Noon.AddSeconds(1), Offer.Worker("sure", 80, spread: 0.1).Predicted);

        var waits = new PolicySet().For("").Choose(Offer.Of(here) with { Later = [sure] }).WaitFor;

        var asSurely = Math.Round(sure.Predicted.P50.TotalSeconds * (here.Predicted.P90 / sure.Predicted.P90));
        Assert.Equal($"waits for sure, free in 1 s: expected to be done in 81 s there, as surely only in {asSurely} s on here", waits?.Reason);
    }

    [Fact]
    public void Nobody_waits_by_choice_for_longer_than_he_may_be_overtaken()
    {
        var patient = GivenOnlyTheSlowWorkerIsFree(busyFor: 5);
        planner.Submit(Given.Demand(submittedAfter: 4.1 * Planner.UsualAgingStep));

        Assert.Equal(patient.RunId, Assert.Single(planner.Plan(Given.Noon, 10).Decisions).RunId);
    }

    [Fact]
    public void What_it_has_waited_already_counts_so_that_waiting_ends()
    {
        GivenOnlyTheSlowWorkerIsFree(busyFor: 5);

        Assert.Empty(planner.Plan(Given.Noon, 10).Decisions);
        Assert.Empty(planner.Plan(Given.Noon.AddSeconds(10), 10).Decisions);
        Assert.Equal("slow", Assert.Single(planner.Plan(Given.Noon.AddSeconds(30), 10).Decisions).WorkerId);
    }

    [Fact]
    public void The_plan_says_when_waiting_no_longer_pays_and_then_the_run_goes()
    {
        var patient = GivenOnlyTheSlowWorkerIsFree(busyFor: 5);

        var wakeAt = planner.Plan(Given.Noon, 10).WakeAt!.Value;

        Assert.InRange(wakeAt, Given.Noon.AddSeconds(15), Given.Noon.AddSeconds(30));
        Assert.Equal(patient.RunId, Assert.Single(planner.Plan(wakeAt.AddSeconds(-1), 10).HeldBack).RunId);
        Assert.Equal("slow", Assert.Single(planner.Plan(wakeAt, 10).Decisions).WorkerId);
    }

    [Fact]
    public void A_policy_that_has_the_run_wait_is_not_asked_again_before_something_changes_for_it()
    {
        var asked = 0;
        var policy = new UsersPolicy("patient", context =>
        {
            asked++;
            return new PolicyChoice([]) { WaitFor = new LaterWorker("fast", "later") { Until = context.Now.AddMinutes(1) } };
        });
        var patient = Given.Planner(new PolicySet([policy], defaultPolicy: "patient"), durations);
        durations.Learn(Given.Passed(40, workerClass: "k80"));
        durations.Learn(Given.Passed(10, workerClass: "v100"));
        var held = Given.Reservation("fast");
        patient.Register(Given.Worker("slow", workerClass: "k80"), Given.Worker("fast", workerClass: "v100"));
        patient.Restore(held, Given.Noon, new DurationForecast(Math.Log(5), 0.1, 10));
        patient.Submit(Given.Demand());
        for (var second = 0; second < 60; second++)
            patient.Plan(Given.Noon.AddSeconds(second), 10);

        Assert.Equal(1, asked);
        patient.Release(held.RunId, held.Attempt);
        patient.Plan(Given.Noon.AddSeconds(30), 10);
        Assert.True(asked > 1);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(0.5, true)]
    [InlineData(1, false)]
    public void It_does_not_wait_for_a_worker_that_others_would_use_all_the_time(double sought, bool waits)
    {
        var context = Offer.Of(Offer.Worker("here", 60)) with
        {
            Later = [new LaterCandidate(Given.Worker("there"), Given.Noon.AddSeconds(5), Offer.Worker("there", 30).Predicted) { Sought = sought }],
        };

        Assert.Equal(waits ? "there" : null, new PolicySet().For("").Choose(context).WaitFor?.WorkerId);
    }

    private TestDemand GivenOnlyTheSlowWorkerIsFree(double busyFor, TestDemand? demand = null)
    {
        planner.Register(Given.Worker("slow", workerClass: "k80"), Given.Worker("fast", workerClass: "v100"));
        planner.Restore(Given.Reservation("fast"), Given.Noon, new DurationForecast(Math.Log(busyFor), 0.1, 10));
        for (var run = 0; run < 20; run++)
        {
            durations.Learn(Given.Passed(40, workerClass: "k80"));
            durations.Learn(Given.Passed(10, workerClass: "v100"));
        }

        return planner.Submitted(demand ?? Given.Demand());
    }

    [Fact]
    public void A_class_of_which_nothing_is_known_is_tried_while_nothing_else_waits()
    {
        var offered = Offer.Of(Offer.Worker("known", 10, spread: 0.3), Offer.Worker("unknown", 12, spread: 0.5));

        Assert.Equal("unknown", offered.ChosenBy(PolicyNames.Adaptive));
        Assert.Equal("known", (offered with { Pressure = 0.9 }).ChosenBy(PolicyNames.Adaptive));
    }

    [Fact]
    public void One_very_slow_run_does_not_close_a_class_to_a_test_for_ever()
    {
        planner.Register(Given.Worker("unlucky", workerClass: "a"), Given.Worker("usual", workerClass: "b"));
        durations.Learn(Given.Passed(60, workerClass: "a"));

        var chosen = new List<string>();
        for (var run = 0; run < 300; run++)
        {
            planner.Submit(Given.Demand());
            var decision = Assert.Single(planner.Plan(Given.Noon, 1).Decisions);
            planner.Release(decision.RunId, decision.Attempt);
            durations.Learn(decision.WorkerId == "unlucky" ? Given.Passed(5, workerClass: "a") : Given.Passed(12, workerClass: "b"));
            chosen.Add(decision.WorkerId);
        }

        Assert.All(chosen.TakeLast(100), worker => Assert.Equal("unlucky", worker));
    }

    [Fact]
    public void A_rare_device_is_left_free_by_runs_that_do_not_need_it()
    {
        planner.Register(Given.Worker("gpu", devices: Given.Cuda("0")), Given.Worker("cpu1"), Given.Worker("cpu2"));
        planner.Submit(Given.Demand());

        var decision = Assert.Single(planner.Plan(Given.Noon, 10).Decisions);

        Assert.StartsWith("cpu", decision.WorkerId);

        // Two of three workers have no cuda; a fifth of the predicted 60 s is the worth of something nobody else has.
        var gpu = decision.Alternatives.Single(other => other.WorkerId == "gpu");
        Assert.Equal(60 + 60 * 0.2 * (2.0 / 3), gpu.ScoreSeconds, precision: 3);
    }

    [Fact]
    public void A_clear_gain_in_speed_is_worth_a_rare_device()
    {
        planner.Register(Given.Worker("gpu", workerClass: "big", devices: Given.Cuda("0")), Given.Worker("cpu", workerClass: "small"));
        durations.Learn(Given.Passed(30, workerClass: "big"));
        durations.Learn(Given.Passed(60, workerClass: "small"));
        planner.Submit(Given.Demand());

        Assert.Equal(["gpu"], planner.PlaceAll());
    }

    [Fact]
    public void The_smallest_memory_and_device_that_will_do_are_taken()
    {
        planner.Register(
            Given.Worker("a100", devices: Given.Cuda("0", 80)),
            Given.Worker("v100", devices: Given.Cuda("0", 16)),
            Given.Worker("vast", memoryGb: 512, devices: Given.Cuda("0", 16)));
        planner.Submit(Given.Demand(Given.Accelerators(1, 12)));
        planner.Submit(Given.Demand(Given.Accelerators(1, 12) with { MemoryGb = 400 }));
        planner.Submit(Given.Demand(Given.Accelerators(1, 60)));

        Assert.Equal(["v100", "vast", "a100"], planner.PlaceAll());
    }

    [Fact]
    public void A_preferred_backend_decides_between_equals_but_is_no_requirement()
    {
        planner.Register(Given.Worker("cpu", slots: 3), Given.Worker("gpu", devices: Given.Cuda("0")));
        for (var i = 0; i < 2; i++)
            planner.Submit(Given.Demand(new Requirements { PreferredBackend = "CUDA" }));

        var decisions = planner.Plan(Given.Noon, 10).Decisions;

        Assert.Equal(["gpu", "cpu"], decisions.Select(decision => decision.WorkerId));
        Assert.Equal(6, decisions[1].Score["preference"]);
    }

    [Fact]
    public void Between_equals_the_least_loaded_is_taken()
    {
        planner.Register(Given.Worker("w1", slots: 4), Given.Worker("w2", slots: 4));
        planner.Restore(Given.Reservation("w1"));
        planner.Submit(Given.Demand());

        Assert.Equal(["w2"], planner.PlaceAll());
    }

    [Fact]
    public void Only_true_ties_are_drawn_and_the_seed_draws_them()
    {
        var first = Enumerable.Range(0, 50).Select(Drawn).ToList();

        Assert.Equal(["w1", "w2", "w3"], first.Distinct().Order());
        Assert.Equal(first, Enumerable.Range(0, 50).Select(Drawn));

        static string Drawn(int seed)
        {
            var planner = Given.Planner(seed: seed);
            planner.Register(Given.Worker("w1"), Given.Worker("w2"), Given.Worker("w3"));
            planner.Submit(Given.Demand());
            return planner.PlaceAll().Single();
        }
    }

    [Theory]
    [InlineData(0, 0, 0, 0, true)]
    [InlineData(40, 0, 0, 0, false)]
    [InlineData(40, 0, 20, 0, true)]
    [InlineData(0, 0, 0, 0.9, false)]
    [InlineData(0, 0.9, 0, 0.9, true)]
    public void Whether_it_waits_depends_on_who_is_prepared_and_who_fails(
        double savedHere, double failingHere, double savedThere, double failingThere, bool waits)
    {
        var context = Offer.Of(Offer.Worker("here", 60, saved: savedHere, failing: failingHere)) with
        {
            Later =
            [
                new LaterCandidate(Given.Worker("there"), Given.Noon.AddSeconds(5), Offer.Worker("there", 30).Predicted)
                {
                    Saved = TimeSpan.FromSeconds(savedThere),
                    FailureExcess = failingThere,
                },
            ],
        };

        var choice = new PolicySet().For("").Choose(context);

        Assert.Equal(waits ? "there" : null, choice.WaitFor?.WorkerId);
    }
}
