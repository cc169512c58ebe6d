using System.Globalization;

namespace LoadBalancer.Chaos.Judging;

/// <summary>Whether a worker, or one of its devices, ever ran more than it has.</summary>
internal static class Capacity
{
    private const double Rounding = 1e-6;

    public static IEnumerable<Violation> Violations(
        IReadOnlyList<Execution> executions, IReadOnlyList<WorkerShape> workers, IReadOnlyDictionary<Guid, AskedTest> tests)
    {
        foreach (var worker in workers)
        {
            var here = executions.Where(execution => execution.WorkerId == worker.Id).ToList();
            foreach (var moment in Above(worker.Slots, here, _ => 1))
                yield return Describe($"{worker.Id} ran {moment.Sum:0} tests in {worker.Slots} slots", moment);

            foreach (var device in here.SelectMany(execution => execution.Devices).Distinct())
            {
                var users = here.Where(execution => execution.Devices.Contains(device)).ToList();
                foreach (var moment in Above(1, users, execution => ShareOf(execution, device, tests)))
                    yield return Describe(string.Create(CultureInfo.InvariantCulture, $"{device} of {worker.Id} gave {moment.Sum:0.##} of itself"), moment);
            }
        }
    }

    /// <summary>Each moment at which the sum of what the living use goes above the limit.</summary>
    private static IEnumerable<Moment> Above(double limit, IReadOnlyList<Execution> executions, Func<Execution, double> use)
    {
        foreach (var newest in executions.Where(execution => execution.LastSeen > execution.Start))
        {
            var living = executions.Where(other => other.Start <= newest.Start && other.LastSeen > newest.Start).ToList();
            // Of those that start in the same instant the last one counts them all.
            if (living[^1] != newest)
                continue;

            var sum = living.Sum(use);
            if (sum > limit + Rounding)
                yield return new Moment(newest.Start, sum, living);
        }
    }

    /// <summary>A whole device, unless the test asked for a share of one.</summary>
    private static double ShareOf(Execution execution, string device, IReadOnlyDictionary<Guid, AskedTest> tests)
    {
        var type = device.Split(':')[0];
        return tests.TryGetValue(execution.RunId, out var test) && test.Devices.TryGetValue(type, out var amount) ? Math.Min(amount, 1) : 1;
    }

    private static Violation Describe(string what, Moment moment) => new(
        Harm.Oversubscribed,
        string.Create(CultureInfo.InvariantCulture, $"at {moment.At:0.00} {what}: {string.Join("; ", moment.Living)}"),
        [.. moment.Living.Select(execution => execution.RunId)]);

    private sealed record Moment(double At, double Sum, IReadOnlyList<Execution> Living);
}
