using CsCheck;

namespace LoadBalancer.Placement.Tests;

public sealed class OrderTests
{
    private const double Seconds = 10;

    private readonly DurationModel durations = new();

    [Fact]
    public void While_much_waits_the_shortest_goes_first()
    {
        var planner = Given.Planner(durations: durations);
        planner.Register(Given.Worker("w"));
        for (var other = 0; other < 100; other++)
            planner.Submit(Expecting(Seconds));
        var shortest = planner.Submitted(Expecting(Seconds / 2));

        Assert.Equal(shortest.RunId, Assert.Single(planner.Plan(Given.Noon, 10).Decisions).RunId);
    }

    [Fact]
    public void After_a_burst_a_long_run_starts_when_the_rest_could_be_done_beside_it()
    {
        var planner = Given.Planner(durations: durations);
        planner.Register(Given.Worker("w1"), Given.Worker("w2"));
        for (var other = 0; other < 20; other++)
            planner.Submit(Expecting(Seconds));
        var longest = planner.Submitted(Expecting(10 * Seconds));

        Assert.Equal(longest.RunId, planner.Plan(Given.Noon, 1).Decisions.Single().RunId);
    }

    [Theory]
    [InlineData(1.05, "long")]
    [InlineData(4, "short")]
    public void The_less_is_known_of_lengths_the_later_a_long_run_goes_first(double spread, string first)
    {
        for (var outcome = 0; outcome < 30; outcome++)
        {
            var factor = outcome % 2 == 0 ? spread : 1 / spread;
            durations.Learn(Given.Passed(Seconds * factor, "short"));
            durations.Learn(Given.Passed(10 * Seconds * factor, "long"));
        }

        var planner = Given.Planner(durations: durations);
        planner.Register(Given.Worker("w1"), Given.Worker("w2"));
        for (var other = 0; other < 90; other++)
            planner.Submit(Given.Demand(testId: "short"));
        planner.Submit(Given.Demand(testId: "long"));

        // All could be done in five times the length of the long one: less than seven, more than half of that.
        Assert.Equal(first, planner.Plan(Given.Noon, 1).Decisions.Single().Predicted!.Value.P50.TotalSeconds > 5 * Seconds ? "long" : "short");
    }

    [Fact]
    public void While_submissions_keep_coming_a_long_run_goes_before_short_ones_only_if_it_alone_would_last()
    {
        var planner = Given.Planner(durations: durations);
        planner.Register(Given.Worker("w"));
        for (var other = 0; other < 20; other++)
            planner.Submit(Expecting(Seconds, after: other));
        planner.Submit(Expecting(10 * Seconds, after: 20));

        Assert.Equal(Seconds, planner.Plan(Given.Noon.AddSeconds(21), 1).Decisions.Single().Predicted!.Value.P50.TotalSeconds, precision: 3);
    }

    [Fact]
    public void The_knob_at_nothing_never_takes_a_long_run_first()
    {
        var planner = new Planner(new PolicySet(), durations, new Random(1), longFirst: 0);
        planner.Register(Given.Worker("w"));
        planner.Submit(Expecting(Seconds));
        planner.Submit(Expecting(100 * Seconds));

        Assert.Equal(Seconds, planner.Plan(Given.Noon, 1).Decisions.Single().Predicted!.Value.P50.TotalSeconds, precision: 3);
    }

    /// <summary>Invariant 7, for runs that could use the same worker: neither priority nor submitter nor length lets one overtake by more.</summary>
    [Fact]
    public void Nothing_is_overtaken_by_what_came_more_than_four_steps_later() =>
        Gen.Select(Gen.Int[1, 5], Gen.Double[0, 10], Gen.Double[1, 10_000], Gen.OneOf("a", "b", "c"), Gen.Bool).Array[2, 40].Sample(runs =>
        {
            var step = Planner.UsualAgingStep;
            var planner = Given.Planner();
            planner.Register(Given.Worker("fast", workerClass: "fast"), Given.Worker("slow", workerClass: "slow"));
            var submittedAt = new Dictionary<Guid, double>();
            foreach (var (priority, after, seconds, submitter, backend) in runs)
            {
                var requirements = new Requirements { PreferredBackend = backend ? "cuda" : null };
                var demand = Given.Demand(requirements, priority, step * after) with { Submitter = submitter, ExpectedDuration = TimeSpan.FromSeconds(seconds) };
                planner.Submit(demand);
                submittedAt[demand.RunId] = after;
            }

            var order = new List<double>();
            while (planner.Plan(Given.Noon + (10 * step), 1).Decisions is [var decision])
            {
                planner.Release(decision.RunId, decision.Attempt);
                order.Add(submittedAt[decision.RunId]);
            }

            Assert.Equal(runs.Length, order.Count);
            for (var i = 0; i < order.Count; i++)
                Assert.DoesNotContain(order.Skip(i + 1), later => order[i] > later + 4);
        });

    private static TestDemand Expecting(double seconds, double after = 0) =>
        Given.Demand(submittedAfter: TimeSpan.FromSeconds(after), testId: Guid.NewGuid().ToString()) with { ExpectedDuration = TimeSpan.FromSeconds(seconds) };
}
