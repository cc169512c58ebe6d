using CsCheck;

namespace LoadBalancer.Placement.Tests;

/// <summary>
/// Runs that need two keys at once, or a key and several devices, among streams of runs that need only one of these. What came more than four
/// aging steps after such a run may not take its keys. So once all who came before that have started, its keys are free when these have ended;
/// then a worker is kept for it, which is free for it when what runs there has ended.
/// </summary>
public sealed class KeyProperties
{
    private const int Streams = 100;

    private static readonly TimeSpan Step = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestOvertaking = 4 * Step;
    private static readonly string[][] Singles = [["a"], ["b"], []];

    /// <summary>Priority, which keys, seconds, and the gap to the one before: the keys are always wanted.</summary>
    private static readonly Gen<(int Priority, int Keys, double Seconds, double Gap)[]> Small =
        Gen.Select(Gen.Int[1, 5], Gen.Int[0, 2], Gen.Double[5, 30], Gen.Double[0, 8]).Array[150, 300];

    private static readonly Gen<(int Priority, bool IsGang, bool BothKeys, double Seconds, double After)[]> Large =
        Gen.Select(Gen.Int[1, 5], Gen.Bool, Gen.Bool, Gen.Double[5, 30], Gen.Double[0, 180]).Array[1, 4];

    [Fact]
    public void Who_needs_several_keys_or_a_key_and_much_of_a_worker_is_not_starved() => Gen.Select(Gen.Int[1, 2], Small, Large).Sample(
        (workers, small, large) =>
        {
            var planner = new Planner(new PolicySet(), new DurationModel(), new Random(1), Step);
            for (var worker = 0; worker < workers; worker++)
                planner.Register(Given.Worker($"w{worker}", slots: 3, devices: [Given.Cuda("0"), Given.Cuda("1")]));
            var timeline = new Timeline(planner);
            var wanting = large.Select(run => timeline.Add(DemandOf(run), TimeSpan.FromSeconds(run.Seconds))).ToList();
            List<TimedRun> all = [.. wanting, .. AddSmall(timeline, small)];
            while (timeline.Next() is not null)
            {
            }

            var longest = all.Max(run => run.Length);
            foreach (var run in wanting)
                Assert.InRange(run.StartedAt!.Value, run.Demand.SubmittedAt, AloneFrom(run, all) + (3 * longest));
        },
        iter: Streams);

    /// <summary>When all have started who may go before the run.</summary>
    private static DateTimeOffset AloneFrom(TimedRun run, List<TimedRun> all)
    {
        var last = run.Demand.SubmittedAt + LongestOvertaking;
        return all.Where(other => other != run && other.Demand.SubmittedAt <= last).Max(other => other.StartedAt) is { } started && started > last
            ? started
            : last;
    }

    private static IEnumerable<TimedRun> AddSmall(Timeline timeline, (int Priority, int Keys, double Seconds, double Gap)[] small)
    {
        var at = TimeSpan.Zero;
        foreach (var (priority, keys, seconds, gap) in small)
        {
            at += TimeSpan.FromSeconds(gap);
            var demand = Given.Demand(Given.Accelerators(keys == 2 ? 1 : 0), priority, at, keys: Singles[keys]) with { ExpectedDuration = TimeSpan.FromSeconds(seconds) };
            yield return timeline.Add(demand, TimeSpan.FromSeconds(seconds));
        }
    }

    private static TestDemand DemandOf((int Priority, bool IsGang, bool BothKeys, double Seconds, double After) run) => Given.Demand(
        Given.Accelerators(run.IsGang ? 2 : 0), run.Priority, TimeSpan.FromSeconds(run.After), keys: run.BothKeys || !run.IsGang ? ["a", "b"] : ["a"]) with
    {
        ExpectedDuration = TimeSpan.FromSeconds(run.Seconds),
    };
}
