namespace LoadBalancer.Placement.Tests;

/// <summary>What a run is told when it is submitted, against what happens, where tests differ in length and are known from earlier runs.</summary>
public sealed class EndCalibrationTests
{
    private const int Tests = 60, Workers = 8, Seeds = 4;

    private const double SlowFactor = 2;

    [Theory]
    [InlineData(200, 0, false)]
    [InlineData(40, 0, false)]
    [InlineData(200, 0, true)]
    [InlineData(300, 0.6, false)]
    [InlineData(300, 0.85, false)]
    [InlineData(300, 0.6, true)]
    [InlineData(300, 0.85, true)]
    public void About_half_end_by_P50_and_nine_of_ten_by_P90(int runs, double load, bool halfAreSlow)
    {
        var ends = Enumerable.Range(1, Seeds).SelectMany(seed => new Simulated(seed, halfAreSlow).Run(runs, load)).ToList();

        Assert.InRange(ends.Average(end => end.Took <= end.Promised.P50 ? 1.0 : 0), 0.3, 0.7);
        Assert.InRange(ends.Average(end => end.Took <= end.Promised.P90 ? 1.0 : 0), 0.75, 0.995);
    }

    private sealed class Simulated
    {
        private readonly Random random;
        private readonly bool halfAreSlow;
        private readonly double[] lengths;
        private readonly Planner planner;
        private readonly Dictionary<Guid, (TimeSpan At, double Seconds, ExpectedEnd Promised)> submitted = [];
        private readonly PriorityQueue<Action, (TimeSpan, int)> events = new();
        private int scheduled;

        public Simulated(int seed, bool halfAreSlow)
        {
            random = new Random(seed);
            this.halfAreSlow = halfAreSlow;
            lengths = [.. Enumerable.Range(0, Tests).Select(_ => Math.Exp(2 + (0.8 * Normal())))];
            var durations = new DurationModel();
            for (var i = 0; i < 8 * Tests; i++)
            {
                durations.Learn(Given.Passed(Noisy(i % Tests), $"t{i % Tests}", "fast"));
                durations.Learn(Given.Passed(SlowFactor * Noisy(i % Tests), $"t{i % Tests}", "slow"));
            }

            planner = Given.Planner(durations: durations, seed: seed);
            for (var i = 0; i < Workers; i++)
                planner.Register(Given.Worker($"w{i}", workerClass: IsSlow($"w{i}") ? "slow" : "fast"));
        }

        /// <param name="runs">How many are submitted.</param>
        /// <param name="load">Part of what the fleet can do that is submitted at random; 0 for all at once.</param>
        public List<(TimeSpan Took, ExpectedEnd Promised)> Run(int runs, double load)
        {
            var slots = halfAreSlow ? (Workers / 2) + (Workers / 2 / SlowFactor) : Workers;
            var gap = load == 0 ? 0 : lengths.Average() / slots / load;
            var at = TimeSpan.Zero;
            var came = new List<TestDemand>();
            for (var i = 0; i < runs; i++)
            {
                at += TimeSpan.FromSeconds(-Math.Log(1 - random.NextDouble()) * gap);
                var (test, submittedAt) = (random.Next(Tests), at);
                var demand = Given.Demand(testId: $"t{test}", submittedAfter: submittedAt);
                submitted[demand.RunId] = (submittedAt, Noisy(test), null!);
                At(submittedAt, () => came.Add(planner.Submitted(demand)));
            }

            var ended = new List<(TimeSpan, ExpectedEnd)>();
            while (events.TryPeek(out _, out var next))
            {
                var now = next.Item1;
                while (events.TryPeek(out _, out var same) && same.Item1 == now)
                    events.Dequeue()();

                foreach (var demand in came)
                    submitted[demand.RunId] = submitted[demand.RunId] with { Promised = planner.Explain(demand, Given.Noon + now).Eta! };
                came.Clear();
                foreach (var decision in planner.Plan(Given.Noon + now, int.MaxValue).Decisions)
                    Start(decision, now, ended);
            }

            return ended;
        }

        private void Start(Decision decision, TimeSpan now, List<(TimeSpan, ExpectedEnd)> ended)
        {
            var (at, seconds, promised) = submitted[decision.RunId];
            var end = now + TimeSpan.FromSeconds(IsSlow(decision.WorkerId) ? SlowFactor * seconds : seconds);
            At(end, () =>
            {
                planner.Release(decision.RunId, decision.Attempt);
                ended.Add((end - at, promised));
            });
        }

        private void At(TimeSpan time, Action action) => events.Enqueue(action, (time, ++scheduled));

        private bool IsSlow(string workerId) => halfAreSlow && workerId[^1] % 2 == 1;

        private double Noisy(int test) => lengths[test] * Math.Exp(0.2 * Normal());

        private double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }
}
