namespace LoadBalancer.Placement.Tests;

/// <summary>Forecasts against distributions that are known.</summary>
public sealed class ForecastQualityTests
{
    private static readonly string[] Classes = ["fast", "middle", "slow"];
    private static readonly double[] Slowness = [0, Math.Log(2), Math.Log(4)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Nine_of_ten_runs_end_by_their_P90_once_there_are_thirty_samples(int seed)
    {
        var (random, model) = (new Random(seed), new DurationModel());
        var (covered, predictions) = (0, 0);
        for (var test = 0; test < 60; test++)
        {
            var (median, sigma) = (Math.Log(30) + Normal(random), 0.05 + (0.7 * random.NextDouble()));
            for (var run = 0; run < 60; run++)
            {
                for (var c = 0; c < Classes.Length; c++)
                {
                    var seconds = Math.Exp(median + Slowness[c] + (sigma * Normal(random)));
                    if (run >= 30)
                    {
                        predictions++;
                        covered += seconds <= model.Predict(Given.Demand(testId: $"t{test}"), Classes[c]).P90.TotalSeconds ? 1 : 0;
                    }

                    model.Learn(Given.Passed(seconds, testId: $"t{test}", workerClass: Classes[c]));
                }
            }
        }

        Assert.True(predictions >= 5000);
        Assert.InRange((double)covered / predictions, 0.87, 0.93);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_class_that_is_four_times_slower_is_recognised_from_the_tests_that_both_have_run(int seed)
    {
        var (random, model) = (new Random(seed), new DurationModel());
        for (var test = 0; test < 40; test++)
        {
            var median = Math.Log(30) + Normal(random);
            foreach (var c in new[] { 0, 2 })
            {
                for (var run = 0; run < 5; run++)
                    model.Learn(Given.Passed(Math.Exp(median + Slowness[c] + (0.2 * Normal(random))), testId: $"t{test}", workerClass: Classes[c]));
            }
        }

        for (var run = 0; run < 20; run++)
            model.Learn(Given.Passed(25 * Math.Exp(0.1 * Normal(random)), testId: "only fast", workerClass: "fast"));

        Assert.InRange(model.Predict(Given.Demand(testId: "only fast"), "slow").P50.TotalSeconds, 85, 115);
    }

    [Fact]
    public void A_model_that_gains_more_from_a_class_than_others_is_known_for_it()
    {
        var model = new DurationModel();
        for (var test = 0; test < 20; test++)
        {
            foreach (var (name, factor) in new[] { ("cnn", 10.0), ("tabular", 1.2) })
            {
                model.Learn(Given.Passed(10, testId: $"{name}-{test}", workerClass: "v100", model: name));
                model.Learn(Given.Passed(10 * factor, testId: $"{name}-{test}", workerClass: "k80", model: name));
            }
        }

        foreach (var name in new[] { "cnn", "tabular" })
        {
            for (var run = 0; run < 10; run++)
                model.Learn(Given.Passed(10, testId: $"new-{name}", workerClass: "v100", model: name));
        }

        Assert.InRange(OnK80("cnn"), 75, 125);
        Assert.InRange(OnK80("tabular"), 9, 15);

        double OnK80(string name) => model.Predict(Given.Demand(testId: $"new-{name}") with { ModelId = name }, "k80").P50.TotalSeconds;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_first_run_of_a_test_is_predicted_better_than_by_the_mean_of_all(int seed)
    {
        var (random, model) = (new Random(seed), new DurationModel());
        var medians = Enumerable.Range(0, 10).Select(_ => Math.Log(30) + (1.2 * Normal(random))).ToList();
        var (ours, global, logs) = (0.0, 0.0, new List<double>());
        for (var test = 0; test < 400; test++)
        {
            var (name, median) = ($"m{test % 10}", medians[test % 10] + (0.3 * Normal(random)));
            var logarithm = median + (0.2 * Normal(random));
            if (test >= 50)
            {
                var forecast = model.Predict(Given.Demand(testId: $"t{test}") with { ModelId = name }, "");
                ours += Math.Abs(forecast.LogMedian - logarithm);
                global += Math.Abs(logs.Average() - logarithm);
            }

            logs.Add(logarithm);
            model.Learn(Given.Passed(Math.Exp(logarithm), testId: $"t{test}", model: name));
        }

        Assert.True(ours < 0.6 * global, $"{ours / global}");
    }

    [Fact]
    public void Timeouts_are_seen_through()
    {
        var (random, model) = (new Random(1), new DurationModel());
        for (var run = 0; run < 60; run++)
        {
            // Half of the runs would take longer than they may.
            var seconds = 100 * Math.Exp(0.5 * Normal(random));
            model.Learn(seconds <= 100 ? Given.Passed(seconds) : Given.Passed(100) with { Verdict = RunVerdict.TimedOut });
        }

        Assert.InRange(model.Predict(Given.Demand(), "").P50.TotalSeconds, 75, 135);
    }

    /// <summary>A standard normal number; Box and Muller (1958).</summary>
    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
