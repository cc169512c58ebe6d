namespace LoadBalancer.Placement.Tests;

public sealed class EndEstimateTests
{
    private const double Median = 60, Spread = 0.5;

    [Fact]
    public void The_more_waits_ahead_the_later_it_is_expected_to_end()
    {
        var planner = Given.Planner();
        planner.Register(Given.Worker("w1", slots: 2), Given.Worker("w2"));
        var last = Given.Demand(submittedAfter: TimeSpan.FromMinutes(1));
        var ends = new List<ExpectedEnd>();
        for (var ahead = 0; ahead < 12; ahead++)
        {
            ends.Add(planner.Explain(last, Given.Noon).Eta!);
            planner.Submit(Given.Demand());
            planner.PlaceAll();
        }

        Assert.All(ends.Zip(ends.Skip(1)), pair => Assert.True(pair.First.P50 <= pair.Second.P50 && pair.First.P90 <= pair.Second.P90));
        Assert.All(ends, end => Assert.True(end.P50 < end.P90));
        Assert.True(ends[0].P50 < ends[^1].P50);
    }

    [Fact]
    public void What_can_never_run_has_no_end()
    {
        var planner = Given.Planner();
        planner.Register(Given.Worker("w1"));
        planner.LimitKey("closed", 0);

        Assert.Null(planner.Explain(Given.Demand(new Requirements { MemoryGb = 64 }), Given.Noon).Eta);
        Assert.Null(planner.Explain(Given.Demand(keys: "closed"), Given.Noon).Eta);
    }

    [Fact]
    public void What_shares_a_key_ends_after_its_holder()
    {
        var planner = Given.Planner();
        planner.Register(Given.Worker("w1", slots: 4));
        planner.Submit(Given.Demand(keys: "license"));
        planner.PlaceAll();

        var free = planner.Explain(Given.Demand(), Given.Noon).Eta!;
        var keyed = planner.Explain(Given.Demand(keys: "license"), Given.Noon).Eta!;

        Assert.True(keyed.P50 > free.P50);
    }

    [Fact]
    public void A_key_with_a_place_left_delays_nobody()
    {
        var planner = Given.Planner();
        planner.Register(Given.Worker("w1", slots: 4));
        planner.LimitKey("license", 3);
        planner.Submit(Given.Demand(keys: "license"));
        planner.Submit(Given.Demand(keys: "license"));
        planner.PlaceAll();

        var free = planner.Explain(Given.Demand(), Given.Noon).Eta!;
        var keyed = planner.Explain(Given.Demand(keys: "license"), Given.Noon).Eta!;

        Assert.Equal(free.P50, keyed.P50);
    }

    [Fact]
    public void Who_is_tried_again_later_ends_no_sooner_than_who_may_start_now()
    {
        var planner = Given.Planner();
        planner.Register(Given.Worker("w1"));
        for (var ahead = 0; ahead < 5; ahead++)
            planner.Submit(Given.Demand());
        var delayed = planner.Submitted(Given.Demand() with { NotBefore = Given.Noon.AddSeconds(1) });
        planner.PlaceAll();

        var atOnce = planner.Explain(Given.Demand(), Given.Noon).Eta!;

        Assert.InRange(planner.Explain(delayed, Given.Noon).Eta!.P50, atOnce.P50, atOnce.P50 + TimeSpan.FromSeconds(1));
    }

    /// <summary>Bursts of runs with known log-normal lengths on four slots, each asked about when it is submitted.</summary>
    [Fact]
    public void About_nine_of_ten_finish_within_P90()
    {
        var (covered, halves, asked) = (0, 0, 0);
        for (var seed = 1; seed <= 10; seed++)
        {
            var world = new Simulated(seed);
            foreach (var (end, promised) in world.Run(burst: 40))
            {
                asked++;
                covered += end <= promised.P90 ? 1 : 0;
                halves += end <= promised.P50 ? 1 : 0;
            }
        }

        Assert.InRange((double)covered / asked, 0.8, 0.99);
        Assert.InRange((double)halves / asked, 0.25, 0.75);
    }

    private sealed class Simulated
    {
        private readonly Random random;
        private readonly DurationModel durations = new();
        private readonly Planner planner;

        public Simulated(int seed)
        {
            random = new Random(seed);
            planner = Given.Planner(durations: durations, seed: seed);
            planner.Register(Given.Worker("w1", slots: 2), Given.Worker("w2", slots: 2));
            for (var i = 0; i < 200; i++)
                durations.Learn(Given.Passed(NextLength()));
        }

        /// <returns>When each run ended and when it was expected to, after its submission.</returns>
        public IEnumerable<(TimeSpan End, ExpectedEnd Promised)> Run(int burst)
        {
            var promised = new Dictionary<Guid, ExpectedEnd>();
            for (var i = 0; i < burst; i++)
            {
                var demand = planner.Submitted(Given.Demand(submittedAfter: TimeSpan.FromMilliseconds(i)));
                promised[demand.RunId] = planner.Explain(demand, Given.Noon).Eta!;
            }

            var running = new PriorityQueue<Guid, DateTimeOffset>();
            var now = Given.Noon;
            while (planner.Waiting > 0 || running.Count > 0)
            {
                foreach (var decision in planner.Plan(now, int.MaxValue).Decisions)
                    running.Enqueue(decision.RunId, now + TimeSpan.FromSeconds(NextLength()));
                running.TryDequeue(out var ended, out now);
                planner.Release(ended, 1);
                yield return (now - Given.Noon, promised[ended]);
            }
        }

        private double NextLength()
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            return Median * Math.Exp(Spread * normal);
        }
    }
}
