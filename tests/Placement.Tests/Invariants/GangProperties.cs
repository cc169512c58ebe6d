using CsCheck;

namespace LoadBalancer.Placement.Tests;

/// <summary>
/// Runs of several devices, or of a whole worker, among a stream of small ones that would take each bit as it is freed. What came more than
/// four aging steps after such a run can neither overtake it nor start on the worker that is kept for it. So once all who came before that
/// have started, it is next in the first pass with a slot free, at the latest when what runs has ended; then a worker is kept for it, which is
/// free for it when what runs there has ended: twice the longest run.
/// </summary>
public sealed class GangProperties
{
    private const int Streams = 150;

    private static readonly TimeSpan Step = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestOvertaking = 4 * Step;

    private static readonly Gen<double> Seconds = Gen.Double[5, 30];

    private static readonly Gen<WorkerProfile[]> Fleet = Gen.Select(
        Gen.Int[2, 4], Gen.Int[2, 4], (slots, devices) => Given.Worker("", slots, devices: [.. Enumerable.Range(0, devices).Select(id => Given.Cuda($"{id}"))]))
        .Array[1, 3]
        .Select(workers => workers.Select((worker, index) => worker with { WorkerId = $"w{index}" }).ToArray());

    /// <summary>Priority, devices, seconds, by how much the submitter is wrong about them, and the gap to the one before for one slot.</summary>
    private static readonly Gen<(int Priority, int Devices, double Seconds, double Error, double Gap)[]> Small =
        Gen.Select(Gen.Int[1, 5], Gen.Int[0, 1], Seconds, Gen.Double[0.5, 2], Gen.Double[0, 30]).Array[100, 300];

    private static readonly Gen<(int Priority, int Devices, double Seconds, double After)[]> Gangs =
        Gen.Select(Gen.Int[1, 5], Gen.Int[2, 4], Seconds, Gen.Double[0, 180]).Array[1, 4];

    [Fact]
    public void Who_needs_several_devices_or_a_whole_worker_is_not_starved() => Gen.Select(Fleet, Small, Gangs, Gen.Bool).Sample(
        (fleet, small, gangs, whole) =>
        {
            var planner = new Planner(new PolicySet(), new DurationModel(), new Random(1), Step);
            planner.Register(fleet);
            var timeline = new Timeline(planner);
            var most = fleet.Max(worker => worker.Devices.Count);
            var large = gangs.Select(gang => timeline.Add(Gang(gang, most, whole), TimeSpan.FromSeconds(gang.Seconds))).ToList();
            List<TimedRun> all = [.. large, .. AddSmall(timeline, small, fleet.Sum(worker => worker.Slots))];
            while (timeline.Next() is not null)
            {
            }

            var longest = all.Max(run => run.Length);
            foreach (var run in large)
                Assert.InRange(run.StartedAt!.Value, run.Demand.SubmittedAt, AloneFrom(run, all) + (2 * longest));
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

    private static IEnumerable<TimedRun> AddSmall(
        Timeline timeline, (int Priority, int Devices, double Seconds, double Error, double Gap)[] small, int slots)
    {
        var at = TimeSpan.Zero;
        foreach (var (priority, devices, seconds, error, gap) in small)
        {
            at += TimeSpan.FromSeconds(gap / slots);
            var demand = Given.Demand(Given.Accelerators(devices), priority, at) with { ExpectedDuration = TimeSpan.FromSeconds(seconds * error) };
            yield return timeline.Add(demand, TimeSpan.FromSeconds(seconds));
        }
    }

    private static TestDemand Gang((int Priority, int Devices, double Seconds, double After) gang, int most, bool whole)
    {
        var needs = whole ? new Requirements { MemoryGb = 16 } : Given.Accelerators(Math.Min(gang.Devices, most));
        return Given.Demand(needs, gang.Priority, TimeSpan.FromSeconds(gang.After));
    }
}
