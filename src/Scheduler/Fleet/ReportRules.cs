using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Submissions;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>A message of a worker that means nothing, or an entry of it; it is kept as a dead letter with this reason.</summary>
internal sealed class UnreadableReportException(string message) : Exception(message);

/// <summary>
/// What a worker's messages must keep to beyond their types: what is stored of them is read again at every start of a scheduler.
/// </summary>
internal static class ReportRules
{
    private const double MostSeconds = 365 * 24 * 3600.0;
    private const double MostGb = 1e9;
    private const int MostSlots = 10_000;
    private const int LongestText = 1_024;

    /// <returns>Why the entry means nothing, or null.</returns>
    public static FieldProblem? Problem(Report entry) =>
        entry is TestFinished finished && !Enum.IsDefined(finished.Outcome)
            ? new FieldProblem("outcome", $"{(int)finished.Outcome} is none of {string.Join(", ", Enum.GetNames<TestOutcome>())}")
            : null;

    /// <exception cref="UnreadableReportException">Nothing of it can be used.</exception>
    public static void Check(WorkerHeartbeat heartbeat)
    {
        if (WorkerIds.Problem(heartbeat.WorkerId) is { } problem)
            throw new UnreadableReportException(problem);

        RefuseNull("held", heartbeat.Held);
        RefuseNull("running", heartbeat.Running);
        RefuseNull("unconfirmed", heartbeat.Unconfirmed);
        RefuseNull("load.devices", heartbeat.Load.Devices.Values);
        var load = heartbeat.Load;
        double[] measured = [load.Cpu, load.Memory, load.Io, load.Network, .. load.Devices.Values.SelectMany(device => new[] { device.Use, device.Memory })];
        if (!measured.All(double.IsFinite))
            throw new UnreadableReportException("load: holds a number that is too large");
    }

    /// <returns>Why the worker cannot be registered, or null.</returns>
    public static string? Problem(WorkerRegistered registration)
    {
        if (registration.Slots is < 1 or > MostSlots)
            return $"slots is {registration.Slots}; it must be from 1 to {MostSlots}";

        var has = registration.Capabilities;
        return Amounts(has).Concat(Texts(registration)).FirstOrDefault();
    }

    /// <summary>A result is never lost over what was measured beside it.</summary>
    public static TestFinished Measured(TestFinished report) => report with
    {
        DurationSeconds = Within(report.DurationSeconds, MostSeconds),
        PrepareSeconds = Within(report.PrepareSeconds, MostSeconds),
        CpuSeconds = Within(report.CpuSeconds, MostSeconds * MostSlots),
        PeakMemoryGb = Within(report.PeakMemoryGb, MostGb),
    };

    private static IEnumerable<string> Amounts(WorkerCapabilities has)
    {
        var amounts = new List<(string Field, double Value)>
        {
            ("cpuCores", has.CpuCores), ("cpuThreads", has.CpuThreads), ("memoryGb", has.MemoryGb), ("diskGb", has.DiskGb), ("networkMbps", has.NetworkMbps ?? 0),
        };
        amounts.AddRange(has.Accelerators.OfType<Accelerator>().Select(device => ($"accelerators.{device.Id}.memoryGb", device.MemoryGb)));
        return amounts.Where(amount => !(amount.Value is >= 0 and <= MostGb)).Select(amount => $"capabilities.{amount.Field}: {amount.Value} is not from 0 to {MostGb}");
    }

    private static IEnumerable<string> Texts(WorkerRegistered registration)
    {
        var has = registration.Capabilities;
        if (has.Accelerators.Any(device => device is null) || has.Browsers.Any(browser => browser is null))
            return ["capabilities: null is no accelerator and no browser"];

        IEnumerable<(string Field, string? Text)> texts =
        [
            ("version", registration.Version),
            ("capabilities.hostname", has.Hostname), ("capabilities.os", has.Os), ("capabilities.architecture", has.Architecture),
            ("capabilities.cpuModel", has.CpuModel), ("capabilities.class", has.Class),
            .. has.Backends.Select(backend => ("capabilities.backends", backend)),
            .. has.Accelerators.SelectMany(device => new[] { device.Type, device.Id, device.Model, device.Driver }).Select(text => ("capabilities.accelerators", text)),
            .. has.Browsers.SelectMany(browser => browser.Features.Append(browser.Name).Append(browser.Version)).Select(text => ("capabilities.browsers", text)),
            .. has.Software.SelectMany(software => new[] { software.Key, software.Value }).Select(text => ("capabilities.software", text)),
            .. has.Labels.SelectMany(label => new[] { label.Key, label.Value }).Select(text => ("capabilities.labels", text)),
        ];
        return texts.Where(entry => entry.Text is not { Length: <= LongestText } || entry.Text.Contains('\0', StringComparison.Ordinal))
            .Select(entry => $"{entry.Field}: {Described(entry.Text)}");
    }

    private static string Described(string? text) => text switch
    {
        null => "null is no text",
        { Length: > LongestText } => $"a text has {text.Length} characters; at most {LongestText} are accepted",
        _ => "a text holds a NUL character",
    };

    private static void RefuseNull<T>(string field, IEnumerable<T?> entries) where T : class
    {
        if (entries.Any(entry => entry is null))
            throw new UnreadableReportException($"{field}: holds a null");
    }

    private static double Within(double value, double most) => double.IsNaN(value) ? 0 : Math.Clamp(value, 0, most);
}
