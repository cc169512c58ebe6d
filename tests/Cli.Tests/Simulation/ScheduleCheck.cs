using System.Text.Json;
using LoadBalancer.Cli.Simulation;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Tests;

/// <summary>A line of a schedule, read as anyone would read it.</summary>
internal sealed record ScheduleLine(
    int RunIndex, string TestId, int Attempt, string WorkerId, Dictionary<string, double> Devices,
    double Start, double End, string Outcome, string Reason)
{
    public static IReadOnlyList<ScheduleLine> Read(string path) =>
        [.. File.ReadLines(path).Select(line => JsonSerializer.Deserialize<ScheduleLine>(line, JsonSerializerOptions.Web)!)];

    public bool Overlaps(double time) => Start <= time && time < End;
}

/// <summary>
/// Judges a schedule by the trace and the fleet alone, without the planner's and the simulator's own notions of what fits. Each complaint
/// says what is wrong.
/// </summary>
internal sealed class ScheduleCheck(Scenario scenario, IReadOnlyList<ScheduleLine> schedule)
{
    private const double StartDelay = 0.005;
    private const double Lease = 45;
    private const double Tolerance = 1e-6;

    private readonly Dictionary<string, FleetLine> workers =
        scenario.Fleet.SelectMany(kind => kind.WorkerIds, (kind, id) => (id, kind)).ToDictionary(entry => entry.id, entry => entry.kind);

    public IEnumerable<string> Complaints() =>
    [
        .. Order(),
        .. schedule.SelectMany(Timing),
        .. schedule.SelectMany(line => Placing(line, workers[line.WorkerId])),
        .. schedule.SelectMany(Crowding),
        .. schedule.SelectMany(Keys),
        .. Lives(),
    ];

    private SubmitTest Test(ScheduleLine line) => scenario.Trace[line.RunIndex].Test;

    private IEnumerable<string> Order() =>
        schedule.Zip(schedule.Skip(1)).Where(pair => pair.First.Start > pair.Second.Start).Select(pair => $"{pair.Second} is out of order");

    private IEnumerable<string> Timing(ScheduleLine line)
    {
        var (run, kind) = (scenario.Trace[line.RunIndex], workers[line.WorkerId]);
        if (line.Start < run.At.TotalSeconds + StartDelay - Tolerance) yield return $"{line} starts before it can";
        if (line.Start < kind.JoinsAt.TotalSeconds + StartDelay - Tolerance)
            yield return $"{line} starts before its worker is there";
        if (line.Start >= kind.LeavesAt?.TotalSeconds) yield return $"{line} starts on a dead worker";

        var trueTime = run.Actual.Seconds.TryGetValue(kind.Class, out var own) ? own : run.Actual.Seconds["*"] / kind.Speed;
        var usual = line.Start + Math.Min(trueTime, run.Test.TimeoutSeconds);
        var (end, outcome) = usual > kind.LeavesAt?.TotalSeconds ? (kind.LeavesAt.Value.TotalSeconds + Lease, "workerLost")
            : (usual, trueTime > run.Test.TimeoutSeconds ? "timedOut" : run.Actual.Passes ? "passed" : "failed");
        if (Math.Abs(line.End - end) > Tolerance || line.Outcome != outcome)
            yield return $"{line} should end at {end} as {outcome}";
    }

    private IEnumerable<string> Placing(ScheduleLine line, FleetLine kind)
    {
        var (needs, has) = (Test(line).Requirements, kind.Capabilities);
        if (needs.MinimumMemoryGb > has.MemoryGb || needs.CpuCores > has.CpuCores || needs.DiskGb > has.DiskGb)
            yield return $"{line} is too large for its worker";
        if (needs.RequiredBackend is { } backend && !has.Backends.Contains(backend))
            yield return $"{line} needs backend {backend}";
        if (needs.Browsers.Except(has.Browsers.Select(browser => browser.Name)).Any()) yield return $"{line} lacks a browser";
        if (needs.Labels.Except(has.Labels).Any()) yield return $"{line} lacks a label";
        if (needs.RequiredSoftware.Keys.Except(has.Software.Keys).Any()) yield return $"{line} lacks software";

        if (line.Devices.Keys.Except(has.Accelerators.Select(device => device.Id)).Any())
            yield return $"{line} has a device that its worker has not";

        var taken = has.Accelerators.Where(device => line.Devices.ContainsKey(device.Id))
            .Select(device => (Device: device, Share: line.Devices[device.Id])).ToList();
        foreach (var (device, share) in taken)
        {
            if (needs.AcceleratorModels.Count > 0 && !needs.AcceleratorModels.Contains(device.Model))
                yield return $"{line} has device {device.Id} of the wrong model";
            if (share * device.MemoryGb < needs.AcceleratorMemoryGb - Tolerance)
                yield return $"{line} has too little of device {device.Id}";
        }

        foreach (var (type, amount) in needs.RequiredAccelerators)
        {
            if (Math.Abs(taken.Where(entry => entry.Device.Type == type).Sum(entry => entry.Share) - amount) > Tolerance)
                yield return $"{line} has not {amount} of {type}";
        }

        if (taken.Select(entry => entry.Device.Type).Except(needs.RequiredAccelerators.Keys).Any())
            yield return $"{line} has a device it does not need";
    }

    /// <summary>What uses a worker at the start of an attempt: nothing grows between starts.</summary>
    private IEnumerable<string> Crowding(ScheduleLine line)
    {
        var kind = workers[line.WorkerId];
        var there = schedule.Where(other => other.WorkerId == line.WorkerId && other.Overlaps(line.Start)).ToList();
        if (there.Count > kind.Slots)
            yield return $"{line.WorkerId} has {there.Count} runs on {kind.Slots} slots at {line.Start}";
        if (Exceeds(there.Sum(other => Test(other).Requirements.MinimumMemoryGb), kind.Capabilities.MemoryGb))
            yield return $"the memory of {line.WorkerId} is oversubscribed at {line.Start}";
        if (Exceeds(there.Sum(other => Test(other).Requirements.CpuCores), kind.Capabilities.CpuCores))
            yield return $"the cores of {line.WorkerId} are oversubscribed at {line.Start}";
        if (Exceeds(there.Sum(other => Test(other).Requirements.DiskGb), kind.Capabilities.DiskGb))
            yield return $"the disk of {line.WorkerId} is oversubscribed at {line.Start}";
        foreach (var device in there.SelectMany(other => other.Devices).GroupBy(device => device.Key, device => device.Value))
        {
            if (Exceeds(device.Sum(), 1))
                yield return $"device {device.Key} of {line.WorkerId} is oversubscribed at {line.Start}";
        }
    }

    private IEnumerable<string> Keys(ScheduleLine line) =>
        from key in Test(line).ConcurrencyKeys
        let holders = schedule.Count(other => other.Overlaps(line.Start) && Test(other).ConcurrencyKeys.Contains(key))
        where holders > (scenario.KeyLimits.TryGetValue(key, out var limit) ? limit : 1)
        select $"key {key} is held by {holders} at {line.Start}";

    /// <summary>Each run has its attempts one after the other, as many as it must and may.</summary>
    private IEnumerable<string> Lives()
    {
        foreach (var life in schedule.GroupBy(line => line.RunIndex))
        {
            var attempts = life.OrderBy(line => line.Attempt).ToList();
            if (!attempts.Select(line => line.Attempt).SequenceEqual(Enumerable.Range(1, attempts.Count)))
                yield return $"run {life.Key} has attempts {string.Join(", ", attempts.Select(line => line.Attempt))}";
            if (attempts.Zip(attempts.Skip(1)).Any(pair => pair.Second.Start < pair.First.End + StartDelay - Tolerance))
                yield return $"run {life.Key} starts again before it has ended";
            if (attempts.SkipLast(1).Any(line => line.Outcome == "passed"))
                yield return $"run {life.Key} is repeated after it passed";

            var byItself = attempts.Count(line => line.Outcome is "failed" or "timedOut");
            var retries = Test(attempts[0]).Retries;
            if (byItself > retries + 1) yield return $"run {life.Key} was retried too often";
            var nobodyDies = workers.Values.All(kind => kind.LeavesAt is null);
            if (nobodyDies && attempts[^1].Outcome is "failed" or "timedOut" && byItself < retries + 1)
                yield return $"run {life.Key} was retried too seldom";
        }
    }

    private static bool Exceeds(double used, double there) => used > there + Tolerance;
}
