using static LoadBalancer.Placement.Wording;

namespace LoadBalancer.Placement;

/// <summary>One thing that could be otherwise about a run.</summary>
/// <param name="Text">As an order, without a full stop.</param>
/// <param name="Cost">How much it gives up: an amount costs the part of it that is given up, a requirement costs 1.</param>
/// <param name="Apply">The run with the change.</param>
internal sealed record Change(string Text, double Cost, Func<TestDemand, TestDemand> Apply)
{
    private const double CostOfTrying = 0.1, CostOfRequirement = 1, CostOfDevices = 1.5;

    public static Change StartNow() => new("do not wait for its delay to end", CostOfTrying, run => run with { NotBefore = null });

    public static Change RaiseKey(string key, int limit) => new($"raise the limit of key '{key}' to {limit}", CostOfRequirement, run => run);

    public static Change AllowAgain(string workerId) => new(
        $"let it run on {workerId} again, where it failed before",
        CostOfTrying,
        run => run with { AvoidWorkers = [.. run.AvoidWorkers.Where(avoided => avoided != workerId)] });

    public static Change WithoutBackend(string name) => Dropping($"backend '{name}'", needs => needs with { RequiredBackend = null });

    public static Change WithoutBrowser(string name) => Dropping(
        $"browser '{name}'", needs => needs with { Browsers = [.. needs.Browsers.Where(browser => browser != name)] });

    public static Change WithoutSoftware(string name, string range) => Dropping(
        $"{name} {range}".TrimEnd(), needs => needs with { Software = Without(needs.Software, name) });

    public static Change WithoutLabel(string name, string value) => Dropping(
        $"label {name}={value}", needs => needs with { Labels = Without(needs.Labels, name) });

    public static Change AnyModel(IReadOnlyList<string> models) => Dropping(
        $"model {AnyOf(models)}", needs => needs with { AcceleratorModels = [] });

    public static Change Memory(double from, double to) => Lowering("of memory", from, to, Gb, needs => needs with { MemoryGb = to });

    public static Change Cpu(double from, double to) => Lowering("", from, to, Cores, needs => needs with { CpuCores = to });

    public static Change Disk(double from, double to) => Lowering("of disk", from, to, Gb, needs => needs with { DiskGb = to });

    public static Change DeviceMemory(double from, double to) => Lowering(
        "of device memory", from, to, Gb, needs => needs with { AcceleratorMemoryGb = to });

    public static Change DeviceCount(string type, double from, double to) => Lowering(
        $"of '{type}' devices", from, to, Number, needs => needs with { Accelerators = With(needs.Accelerators, type, to) });

    public static Change WithoutDevices(string type) => Dropping(
        $"'{type}' devices", needs => needs with { Accelerators = Without(needs.Accelerators, type) }) with
    { Cost = CostOfDevices };

    private static Change Dropping(string what, Func<Requirements, Requirements> drop) =>
        new($"do not require {what}", CostOfRequirement, run => run with { Requirements = drop(run.Requirements) });

    private static Change Lowering(string what, double from, double to, Func<double, string> unit, Func<Requirements, Requirements> lower) => new(
        $"ask for {unit(to)} {what}".TrimEnd() + $" instead of {unit(from)}",
        CostOfTrying + ((from - to) / from),
        run => run with { Requirements = lower(run.Requirements) });

    private static Dictionary<string, T> Without<T>(IReadOnlyDictionary<string, T> entries, string name) => entries
        .Where(entry => !entry.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
        .ToDictionary(entry => entry.Key, entry => entry.Value);

    private static Dictionary<string, double> With(IReadOnlyDictionary<string, double> entries, string name, double amount)
    {
        var changed = Without(entries, name);
        changed[name] = amount;
        return changed;
    }
}
