namespace LoadBalancer.Placement.Tests;

public sealed class PerformanceBasedPolicyTests
{
    private const string Policy = PolicyNames.PerformanceBased;

    /// <summary>In the original all that was faster than expected scored the same.</summary>
    [Fact]
    public void A_worker_that_is_four_times_as_fast_costs_a_quarter()
    {
        var ranked = Offer.Of(Offer.Worker("slow", 40), Offer.Worker("fast", 10), Offer.Worker("usual", 20)).RankedBy(Policy);

        Assert.Equal(["fast", "usual", "slow"], ranked.Select(entry => entry.WorkerId));
        Assert.Equal([10, 20, 40], ranked.Select(entry => Math.Round(entry.Score.Values.Sum(), 3)));
        Assert.Equal("expected to take 10 s here", ranked[0].Reason);
    }

    /// <summary>In the original it scored like a slow one that is reliable.</summary>
    [Fact]
    public void A_fast_worker_that_fails_is_not_better()
    {
        var ranked = Offer.Of(Offer.Worker("failing", 10, failing: 0.8), Offer.Worker("reliable", 40)).RankedBy(Policy);

        // Of five attempts one succeeds: 50 s to a good result.
        Assert.Equal(["reliable", "failing"], ranked.Select(entry => entry.WorkerId));
        Assert.Equal(10, ranked[1].Score["run"]);
        Assert.Equal(40, ranked[1].Score["risk"]);
        Assert.Contains("failing 80 % more often", ranked[1].Reason);
    }

    [Fact]
    public void A_worker_that_always_fails_is_still_a_worker()
    {
        Assert.Equal("bad", Offer.Of(Offer.Worker("bad", failing: 1)).ChosenBy(Policy));
        Assert.Equal("good", Offer.Of(Offer.Worker("bad", 10, failing: 1), Offer.Worker("good", 190)).ChosenBy(Policy));
    }

    [Fact]
    public void An_unsure_prediction_is_hoped_to_be_better_and_so_is_tried()
    {
        var ranked = Offer.Of(Offer.Worker("known", 10, spread: 0.3), Offer.Worker("unknown", 12, spread: 0.5)).RankedBy(Policy);

        // 0.5² - 0.3² = 0.4²: it may well be e^0.4 times as fast as predicted.
        Assert.Equal("unknown", ranked[0].WorkerId);
        Assert.Equal(12 * (Math.Exp(-0.4) - 1), ranked[0].Score["optimism"], precision: 3);
        Assert.DoesNotContain("optimism", ranked[1].Score.Keys);
    }

    [Fact]
    public void What_all_predictions_are_unsure_of_speaks_for_none() =>
        Assert.Equal("fast", Offer.Of(Offer.Worker("slow", 11, spread: 2), Offer.Worker("fast", 10, spread: 2)).ChosenBy(Policy));

    /// <summary>In the original the first worker with data went on winning.</summary>
    [Fact]
    public void The_first_worker_with_data_does_not_win_for_ever()
    {
        var durations = new DurationModel();
        var planner = Given.Planner(new PolicySet(defaultPolicy: Policy), durations);
        planner.Register(Given.Worker("known", workerClass: "old"), Given.Worker("faster", workerClass: "new"));
        for (var i = 0; i < 20; i++)
            durations.Learn(Given.Passed(60, workerClass: "old"));

        var chosen = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            var run = planner.Submitted(Given.Demand());
            var worker = Assert.Single(planner.PlaceAll());
            durations.Learn(Given.Passed(worker == "faster" ? 15 : 60, workerClass: worker == "faster" ? "new" : "old"));
            planner.Release(run.RunId, run.Attempt);
            chosen.Add(worker);
        }

        Assert.InRange(chosen.IndexOf("faster"), 0, 3);
        Assert.All(chosen.Skip(10), worker => Assert.Equal("faster", worker));
    }

    [Fact]
    public void A_worker_that_turns_out_slower_is_given_up()
    {
        var durations = new DurationModel();
        for (var i = 0; i < 20; i++)
            durations.Learn(Given.Passed(15, workerClass: "old"));
        for (var i = 0; i < 5; i++)
            durations.Learn(Given.Passed(60, workerClass: "new"));
        var planner = Given.Planner(new PolicySet(defaultPolicy: Policy), durations);
        planner.Register(Given.Worker("known", workerClass: "old"), Given.Worker("slower", workerClass: "new"));
        planner.Submit(Given.Demand());

        Assert.Equal(["known"], planner.PlaceAll());
    }

    [Fact]
    public void What_must_be_prepared_first_counts()
    {
        var ranked = Offer.Of(Offer.Worker("cold", 10), Offer.Worker("warm", 15, saved: 20)).RankedBy(Policy);

        Assert.Equal("warm", ranked[0].WorkerId);
        Assert.Equal(20, ranked[1].Score["prepare"]);
    }

    [Fact]
    public void Between_equals_the_least_loaded_is_taken() =>
        Assert.Equal("idle", Offer.Of(Offer.Worker("busy", load: 0.5), Offer.Worker("idle")).ChosenBy(Policy));
}
