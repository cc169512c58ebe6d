using LoadBalancer.Cli.Simulation;

namespace LoadBalancer.Cli.Tests;

public sealed class LowerBoundTests
{
    private const int SmallCases = 200;
    private const double Never = double.PositiveInfinity;

    /// <summary>How near the prices of the linear program must come to the best ones.</summary>
    private const double NearlyTight = 0.01;

    [Fact]
    public void No_schedule_of_a_small_problem_is_shorter_than_its_bound()
    {
        for (var seed = 1; seed <= SmallCases; seed++)
        {
            var problem = SmallProblem(new Random(seed));
            var (best, bound, program) = (BestSchedule.Makespan(problem), LowerBound.Of(problem), LinearProgramBound.Of(problem));

            Assert.True(bound <= best + 1e-9, $"seed {seed}: the bound is {bound}, and {best} is possible");
            Assert.True(program <= best + 1e-9, $"seed {seed}: the linear program says {program}, and {best} is possible");
        }
    }

    [Fact]
    public void All_slots_share_the_work() => Tight(20, [2], Run(10), Run(10), Run(10), Run(10));

    [Fact]
    public void The_longest_run_takes_its_time_on_its_fastest_kind() => Tight(30, [5, 1], Run(90, 30), Run(1, 1));

    [Fact]
    public void Runs_that_only_some_can_take_share_only_these() =>
        Tight(30, [1, 9], Run(10, Never), Run(10, Never), Run(10, Never), Run(10, 10));

    [Fact]
    public void Runs_of_an_exclusive_key_follow_each_other() =>
        Tight(30, [4], [.. Enumerable.Repeat(Run(10) with { Keys = [("license", 1)] }, 3)]);

    [Fact]
    public void Runs_of_a_key_that_two_may_hold_share_it() =>
        Tight(20, [4], [.. Enumerable.Repeat(Run(10) with { Keys = [("license", 2)] }, 4)]);

    [Fact]
    public void What_comes_last_begins_when_it_comes() => Tight(105, [4], Run(10), Run(5) with { At = 100 });

    [Fact]
    public void What_comes_last_shares_the_slots_from_then_on() =>
        Tight(130, [1], Run(10), Run(10) with { At = 100 }, Run(10) with { At = 100 }, Run(10) with { At = 100 });

    [Fact]
    public void The_makespan_counts_from_the_first_submission() => Tight(10, [1], Run(10) with { At = 50 });

    [Fact]
    public void Each_goes_to_the_kind_that_suits_it() =>
        Tight(10, [1, 1], [.. Enumerable.Repeat(Run(1, 10), 10), .. Enumerable.Repeat(Run(10, 1), 10)]);

    [Fact]
    public void A_slower_kind_helps_as_far_as_it_can() =>
        Tight(20, [1, 1], [.. Enumerable.Repeat(Run(1, 2), 30)]);

    [Fact]
    public void Where_all_prefer_one_kind_those_who_gain_least_make_room() =>
        // 12 runs gain much by the first kind and 12 little: beside all of the former it takes 2 of the latter; 10 take 1.4 each elsewhere.
        Tight(14, [1, 1], [.. Enumerable.Repeat(Run(1, 10), 12), .. Enumerable.Repeat(Run(1, 1.4), 12)]);

    [Fact]
    public void Nothing_takes_no_time() => Assert.Equal(0, LowerBound.Of(new BoundProblem([], [1])));

    [Fact]
    public void Kinds_with_equal_times_are_one()
    {
        var merged = new BoundProblem([Run(1, 2, 1), Run(3, 4, 3)], [1, 2, 3]).Merged();

        Assert.Equal([4, 2], merged.Machines);
        Assert.Equal([[1, 2], [3, 4]], merged.Runs.Select(run => run.Times));
    }

    private static void Tight(double expected, int[] machines, params BoundedRun[] runs)
    {
        var bound = LowerBound.Of(new BoundProblem(runs, machines));

        Assert.InRange(bound, expected * (1 - NearlyTight), expected + 1e-9);
    }

    private static BoundedRun Run(params double[] times) => new() { Times = times };

    private static BoundProblem SmallProblem(Random random)
    {
        var kinds = random.Next(1, 4);
        int[] machines = [.. Enumerable.Range(0, kinds).Select(_ => random.Next(1, kinds > 2 ? 2 : 3))];
        return new BoundProblem([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => SmallRun(random, kinds))], machines);
    }

    private static BoundedRun SmallRun(Random random, int kinds)
    {
        var times = Enumerable.Range(0, kinds).Select(_ => random.Next(4) == 0 ? Never : random.Next(1, 20)).ToArray();
        if (times.All(double.IsInfinity)) times[random.Next(kinds)] = 5;
        return new BoundedRun
        {
            At = random.Next(2) == 0 ? 0 : random.Next(20),
            Times = times,
            Keys = random.Next(3) == 0 ? [("key", 1)] : [],
        };
    }

    /// <summary>
    /// Tries every order and every machine: in the order of their starts, each run starts as early as what came before lets it.
    /// </summary>
    private sealed class BestSchedule(int[] kindOf)
    {
        private double best = Never;

        public static double Makespan(BoundProblem problem)
        {
            int[] kindOf = [.. problem.Machines.SelectMany((count, kind) => Enumerable.Repeat(kind, count))];
            var search = new BestSchedule(kindOf);
            search.Extend([.. problem.Runs], new double[kindOf.Length], keyFree: 0, end: 0);
            return search.best - problem.Runs.Min(run => run.At);
        }

        private void Extend(List<BoundedRun> left, double[] free, double keyFree, double end)
        {
            if (end >= best) return;
            if (left.Count == 0) best = end;

            foreach (var run in left)
            {
                for (var machine = 0; machine < free.Length; machine++)
                {
                    var start = Math.Max(Math.Max(run.At, free[machine]), run.Keys.Count > 0 ? keyFree : 0);
                    var ended = start + run.Times[kindOf[machine]];
                    if (double.IsInfinity(ended)) continue;

                    var after = (double[])free.Clone();
                    after[machine] = ended;
                    var rest = left.Where(other => !ReferenceEquals(other, run)).ToList();
                    Extend(rest, after, run.Keys.Count > 0 ? ended : keyFree, Math.Max(end, ended));
                }
            }
        }
    }
}
