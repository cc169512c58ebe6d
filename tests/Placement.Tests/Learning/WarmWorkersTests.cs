namespace LoadBalancer.Placement.Tests;

/// <summary>What preparing and warming up take is known here; the model must find it out.</summary>
public sealed class WarmWorkersTests
{
    private static readonly DurationForecast TenSeconds = new(Math.Log(10), 0.3, 10);

    private readonly DurationModel durations = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_a_prepared_workspace_saves_approaches_what_preparing_takes(int seed)
    {
        var random = new Random(seed);
        for (var worker = 0; worker < 30; worker++)
        {
            Prepare("large", $"w{worker}", 120 * Math.Exp(0.2 * Normal(random)));
            Prepare("small", $"w{worker}", 4 * Math.Exp(0.2 * Normal(random)));
            // Those that follow find it there, and teach nothing.
            Prepare("large", $"w{worker}", 0.02);
        }

        Assert.InRange(Saved("large", "w29"), 96, 132);
        Assert.InRange(Saved("small", "w29"), 3.5, 5.5);
        Assert.Equal(0, Saved("large", "never seen"));
    }

    [Fact]
    public void A_revision_that_was_prepared_once_is_taken_for_one_like_the_others()
    {
        for (var revision = 0; revision < 20; revision++)
            Prepare($"r{revision}", "w", 30);
        Prepare("new", "w", 30);

        Assert.Equal(30, Saved("new", "w"), precision: 6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_a_model_saves_approaches_what_its_first_run_on_a_worker_takes_longer(int seed)
    {
        var random = new Random(seed);
        foreach (var (model, factor) in new[] { ("slow to load", 1.5), ("light", 1.0) })
        {
            for (var run = 0; run < 600; run++)
            {
                // Ten runs on each worker, the first of them longer.
                var seconds = 10 * (run % 10 == 0 ? factor : 1) * Math.Exp(0.2 * Normal(random));
                durations.Learn(Given.Passed(seconds, testId: $"{model} {run % 7}", model: model) with { WorkerId = $"w{run / 10}" });
            }
        }

        Assert.InRange(SavedByModel("slow to load", "w59"), 2.5, 4);
        Assert.InRange(SavedByModel("light", "w59"), 0, 0.8);
        Assert.Equal(0, SavedByModel("slow to load", "never seen"));
    }

    [Theory]
    [InlineData(20, 60, "warm")]
    [InlineData(20, 5, "fast")]
    public void A_run_goes_to_the_warm_worker_if_that_saves_more_than_another_is_faster(double slowerSeconds, double preparing, string chosen)
    {
        for (var run = 0; run < 20; run++)
        {
            durations.Learn(Given.Passed(30, workerClass: "fast"));
            durations.Learn(Given.Passed(30 + slowerSeconds, workerClass: "slow"));
        }

        for (var worker = 0; worker < 20; worker++)
            Prepare("r", $"w{worker}", preparing);
        Prepare("r", "warm", preparing);
        var planner = Given.Planner(durations: durations);
        planner.Register(Given.Worker("fast", workerClass: "fast"), Given.Worker("warm", workerClass: "slow"));

        planner.Submit(Given.Demand() with { WorkspaceRevision = "r" });

        Assert.Equal([chosen], planner.PlaceAll());
    }

    [Fact]
    public void A_run_that_did_not_get_so_far_as_to_prepare_teaches_nothing_and_leaves_nothing_prepared()
    {
        for (var worker = 0; worker < 5; worker++)
            Prepare("r", $"w{worker}", 30);
        Prepare("r", "failed", 0);

        Assert.Equal(0, Saved("r", "failed"));
        Assert.Equal(30, Saved("r", "w0"), precision: 6);
    }

    [Fact]
    public void What_a_worker_used_long_ago_counts_no_more()
    {
        Prepare("old", "w", 30);
        for (var revision = 0; revision < 16; revision++)
            Prepare($"r{revision}", "w", 30);

        Assert.Equal(0, Saved("old", "w"));
        Assert.Equal(30, Saved("r15", "w"), precision: 6);
    }

    private void Prepare(string revision, string worker, double seconds) => durations.Learn(
        Given.Passed(10, testId: "other", workerClass: "other") with
        {
            WorkerId = worker,
            WorkspaceRevision = revision,
            PrepareTime = TimeSpan.FromSeconds(seconds),
        });

    private double Saved(string revision, string worker) =>
        durations.Warm.For(Given.Demand() with { WorkspaceRevision = revision }).SavedOn(worker, TenSeconds).TotalSeconds;

    private double SavedByModel(string model, string worker) =>
        durations.Warm.For(Given.Demand() with { ModelId = model }).SavedOn(worker, TenSeconds).TotalSeconds;

    /// <summary>A standard normal number; Box and Muller (1958).</summary>
    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
