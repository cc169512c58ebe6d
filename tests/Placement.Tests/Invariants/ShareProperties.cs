using CsCheck;

namespace LoadBalancer.Placement.Tests;

/// <summary>
/// Submitters that always have runs waiting use the fleet in proportion to their shares. Who is chosen has used least for its share but for a
/// second, and is charged at once what its run is expected to take; when the run ends that is put right. So two submitters drift apart by what
/// the slots hold of each at once, at most. Use is forgotten with time; what was forgotten of both differs by as much for each time constant.
/// </summary>
public sealed class ShareProperties
{
    private const int Fleets = 20;

    /// <summary>So many that no run must start at once to be done with the rest.</summary>
    private const int Backlog = 40;

    private static readonly TimeSpan Horizon = TimeSpan.FromHours(1.5);

    /// <summary>Share, seconds that are expected of a run, and how many times as long it takes.</summary>
    private static readonly Gen<(double Weight, double Seconds, double Factor)> Submitter =
        Gen.Select(Gen.OneOf(1.0, 2.0, 3.0, 5.0), Gen.Double[2, 10], Gen.OneOf(0.5, 1.0, 2.0));

    [Fact]
    public void Who_always_waits_gets_time_by_its_share() => Gen.Select(Submitter.Array[2, 4], Gen.Int[1, 4]).Sample(
        (submitters, workers) =>
        {
            var planner = new Planner(new PolicySet(), new DurationModel(), new Random(1), agingStep: Horizon);
            for (var worker = 0; worker < workers; worker++)
                planner.Register(Given.Worker($"w{worker}"));
            for (var number = 0; number < submitters.Length; number++)
                planner.Share($"{number}", submitters[number].Weight);

            var used = UsedBy(new Timeline(planner), submitters);

            var longest = submitters.Max(submitter => submitter.Seconds * Math.Max(1, submitter.Factor));
            var held = workers * longest / submitters.Min(submitter => submitter.Weight);
            var drift = (1 + (2 * held)) * (1 + (Math.Log(2) * (Horizon / Planner.ShareHalfLife)));
            var byShare = used.Select((seconds, number) => seconds / submitters[number].Weight).ToList();
            Assert.InRange(byShare.Max() - byShare.Min(), 0, drift + held);
        },
        iter: Fleets);

    /// <summary>Seconds of ended runs by submitter.</summary>
    private static double[] UsedBy(Timeline timeline, (double Weight, double Seconds, double Factor)[] submitters)
    {
        for (var number = 0; number < submitters.Length; number++)
        {
            for (var i = 0; i < Backlog; i++)
                Add(number);
        }

        var used = new double[submitters.Length];
        while (timeline.Now < Given.Noon + Horizon && timeline.Next() is { } ended)
        {
            foreach (var run in ended)
            {
                var number = int.Parse(run.Demand.Submitter);
                used[number] += run.Length.TotalSeconds;
                Add(number);
            }
        }

        return used;

        void Add(int number)
        {
            var (_, seconds, factor) = submitters[number];
            var demand = Given.Demand(submittedAfter: timeline.Now - Given.Noon) with
            {
                Submitter = $"{number}",
                ExpectedDuration = TimeSpan.FromSeconds(seconds),
            };
            timeline.Add(demand, TimeSpan.FromSeconds(seconds * factor));
        }
    }
}
