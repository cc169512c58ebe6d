namespace LoadBalancer.Placement.Tests;

public sealed class DurationModelTests
{
    private readonly DurationModel model = new();

    [Fact]
    public void The_typical_duration_is_the_mean_of_logarithms()
    {
        Learn(10, 1000);

        Assert.Equal(100, Predicted(), precision: 3);
    }

    [Fact]
    public void What_is_known_of_the_test_on_the_class_comes_first()
    {
        model.Learn(Given.Passed(10, workerClass: "fast"));
        model.Learn(Given.Passed(40, workerClass: "slow"));

        Assert.Equal(10, Predicted("fast", expected: 99), precision: 3);
        Assert.Equal(40, Predicted("slow", expected: 99), precision: 3);
    }

    [Fact]
    public void Then_the_test_on_other_classes_then_what_is_expected()
    {
        model.Learn(Given.Passed(10, workerClass: "fast"));
        model.Learn(Given.Passed(40, workerClass: "slow"));
        model.Learn(Given.Passed(7, testId: "another", model: "bert"));

        Assert.Equal(20, Predicted("new", expected: 99), precision: 3);
        Assert.Equal(99, Seconds(Given.Demand(testId: "unknown") with { ModelId = "bert", ExpectedDuration = TimeSpan.FromSeconds(99) }));
    }

    [Fact]
    public void Then_the_model_then_the_family_then_the_test_type_then_a_minute()
    {
        model.Learn(Given.Passed(5, testId: "a", model: "bert", type: "perf") with { ModelFamily = "transformer" });
        model.Learn(Given.Passed(20, testId: "b", model: "t5", type: "perf") with { ModelFamily = "transformer" });
        model.Learn(Given.Passed(80, testId: "c", type: "perf"));
        var demand = Given.Demand(testId: "unknown") with { ModelId = "bert", ModelFamily = "transformer", TestType = "perf" };

        Assert.Equal(5, Seconds(demand), precision: 3);
        Assert.Equal(10, Seconds(demand with { ModelId = "new" }), precision: 3);
        Assert.Equal(20, Seconds(demand with { ModelId = "new", ModelFamily = "new" }), precision: 3);
        Assert.Equal(60, Seconds(demand with { ModelId = "new", ModelFamily = "new", TestType = "new" }));
    }

    [Fact]
    public void Tests_without_a_model_say_nothing_about_each_other()
    {
        model.Learn(Given.Passed(5, testId: "a"));

        Assert.Equal(60, Seconds(Given.Demand(testId: "b")));
    }

    [Theory]
    [InlineData(RunVerdict.Failed)]
    [InlineData(RunVerdict.TimedOut)]
    [InlineData(RunVerdict.Cancelled)]
    [InlineData(RunVerdict.Lost)]
    public void Only_passed_runs_teach_a_duration(RunVerdict verdict)
    {
        Learn(10);

        model.Learn(Given.Passed(1000) with { Verdict = verdict });

        Assert.Equal(10, Predicted(), precision: 3);
    }

    [Fact]
    public void A_run_that_took_no_time_is_a_short_run()
    {
        Learn(0);

        Assert.Equal(0.001, Predicted(), precision: 6);
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

        Assert.Equal(model.Predict(Given.Demand(), ""), twin.Predict(Given.Demand(), ""));
    }

    [Fact]
    public void Memory_is_bounded_and_forgets_what_was_not_seen_for_longest()
    {
        var small = new DurationModel(capacity: 2);
        small.Learn(Given.Passed(10, testId: "old"));
        small.Learn(Given.Passed(20, testId: "kept"));
        small.Learn(Given.Passed(10, testId: "old"));
        small.Learn(Given.Passed(30, testId: "new"));

        Assert.Equal(10, Seconds(small, "old"), precision: 3);
        Assert.Equal(60, Seconds(small, "kept"));
        Assert.Equal(30, Seconds(small, "new"), precision: 3);
    }

    private void Learn(params double[] seconds)
    {
        foreach (var time in seconds)
            model.Learn(Given.Passed(time));
    }

    private double Predicted(string workerClass = "", double? expected = null) =>
        model.Predict(
            Given.Demand() with { ExpectedDuration = expected is { } time ? TimeSpan.FromSeconds(time) : null },
            workerClass).TotalSeconds;

    private double Seconds(TestDemand demand) => model.Predict(demand, "").TotalSeconds;

    private static double Seconds(DurationModel model, string testId) => model.Predict(Given.Demand(testId: testId), "").TotalSeconds;
}
