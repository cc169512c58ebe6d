namespace LoadBalancer.Placement.Tests;

public sealed class DurationModelTests
{
    private readonly DurationModel model = new();

    [Fact]
    public void The_typical_duration_is_the_mean_of_logarithms()
    {
        for (var i = 0; i < 40; i++)
            Learn(10, 1000);

        Assert.InRange(P50(), 90, 110);
    }

    [Fact]
    public void What_is_known_of_the_test_on_the_class_comes_first()
    {
        for (var i = 0; i < 20; i++)
        {
            model.Learn(Given.Passed(10, workerClass: "fast"));
            model.Learn(Given.Passed(40, workerClass: "slow"));
        }

        Assert.InRange(P50("fast", expected: 99), 9.5, 11);
        Assert.InRange(P50("slow", expected: 99), 37, 42);
    }

    [Fact]
    public void What_the_submitter_expects_is_believed_until_there_is_evidence()
    {
        Assert.Equal(1000, P50(expected: 1000), precision: 6);

        Learn(10);
        Assert.InRange(P50(expected: 1000), 20, 500);
        for (var i = 0; i < 20; i++)
            Learn(10);
        Assert.InRange(P50(expected: 1000), 9, 12);
    }

    [Fact]
    public void An_unknown_test_is_like_its_model_else_its_family_else_its_type_else_all_tests_else_a_minute()
    {
        Assert.Equal(60, P50(Given.Demand()), precision: 6);
        for (var i = 0; i < 30; i++)
        {
            model.Learn(Given.Passed(5, testId: $"a{i}", model: "bert", type: "perf") with { ModelFamily = "transformer" });
            model.Learn(Given.Passed(20, testId: $"b{i}", model: "t5", type: "perf") with { ModelFamily = "transformer" });
            model.Learn(Given.Passed(80, testId: $"c{i}", type: "perf"));
        }

        var demand = Given.Demand(testId: "unknown") with { ModelId = "bert", ModelFamily = "transformer", TestType = "perf" };
        Assert.InRange(P50(demand), 4.8, 5.8);
        Assert.InRange(P50(demand with { ModelId = "new" }), 9, 12);
        Assert.InRange(P50(demand with { ModelId = "new", ModelFamily = "new" }), 17, 24);
        Assert.InRange(P50(demand with { ModelId = "new", ModelFamily = "new", TestType = "new" }), 17, 26);
    }

    [Theory]
    [InlineData(RunVerdict.Failed)]
    [InlineData(RunVerdict.Cancelled)]
    public void What_may_have_ended_early_teaches_nothing(RunVerdict verdict)
    {
        Learn(10);
        var before = Forecast();

        model.Learn(Given.Passed(1) with { Verdict = verdict });
        model.Learn(Given.Passed(1000) with { Verdict = verdict });

        Assert.Equal(before, Forecast());
    }

    [Theory]
    [InlineData(RunVerdict.TimedOut)]
    [InlineData(RunVerdict.Lost)]
    public void A_run_that_was_killed_would_have_taken_longer(RunVerdict verdict)
    {
        for (var i = 0; i < 10; i++)
            model.Learn(Given.Passed(100) with { Verdict = verdict });

        Assert.True(P50() > 100);
    }

    [Fact]
    public void A_run_that_was_killed_early_shortens_nothing()
    {
        for (var i = 0; i < 10; i++)
            Learn(100);
        var before = P50();

        for (var i = 0; i < 10; i++)
            model.Learn(Given.Passed(5) with { Verdict = RunVerdict.Lost });

        Assert.True(P50() >= before);
    }

    [Fact]
    public void A_test_that_has_changed_is_believed_after_some_dozens_of_runs()
    {
        for (var i = 0; i < 200; i++)
            Learn(10);
        for (var i = 0; i < 100; i++)
            Learn(100);

        Assert.InRange(P50(), 70, 110);
    }

    [Fact]
    public void A_run_that_took_no_time_is_a_short_run()
    {
        for (var i = 0; i < 60; i++)
            Learn(0);

        Assert.InRange(P50(), 0.0005, 0.002);
    }

    [Fact]
    public void The_same_outcomes_give_the_same_predictions()
    {
        var twin = new DurationModel();
        foreach (var outcome in new[] { Given.Passed(3), Given.Passed(5, workerClass: "x"), Given.Passed(8) })
        {
            model.Learn(outcome);
            twin.Learn(outcome);
        }

        Assert.Equal(Forecast(), twin.Predict(Given.Demand(), ""));
    }

    [Fact]
    public void Memory_is_bounded_and_forgets_what_was_not_seen_for_longest()
    {
        var small = new DurationModel(capacity: 2);
        foreach (var test in new[] { "old", "kept", "old", "new" })
            small.Learn(Given.Passed(10, testId: test));

        Assert.Equal(Spread(small, "never seen"), Spread(small, "kept"));
        Assert.True(Spread(small, "old") < Spread(small, "kept"));
        Assert.True(Spread(small, "new") < Spread(small, "kept"));
    }

    private static double Spread(DurationModel model, string testId) => model.Predict(Given.Demand(testId: testId), "").LogSpread;

    private void Learn(params double[] seconds)
    {
        foreach (var time in seconds)
            model.Learn(Given.Passed(time));
    }

    private DurationForecast Forecast() => model.Predict(Given.Demand(), "");

    private double P50(string workerClass = "", double? expected = null) =>
        model.Predict(Given.Demand() with { ExpectedDuration = expected is { } time ? TimeSpan.FromSeconds(time) : null }, workerClass).P50.TotalSeconds;

    private double P50(TestDemand demand) => model.Predict(demand, "").P50.TotalSeconds;
}
