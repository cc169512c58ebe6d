namespace LoadBalancer.Cli.Simulation;

/// <summary>
/// What a lower bound of the makespan is made from: machines in kinds, and runs with their times on them. A slot counts as a machine,
/// whatever else it lacks, so a bound of this problem is one of the real one.
/// </summary>
/// <param name="Runs">Those that must be run to their end.</param>
/// <param name="Machines">How many there are of each kind.</param>
internal sealed record BoundProblem(IReadOnlyList<BoundedRun> Runs, IReadOnlyList<int> Machines)
{
    /// <summary>Of the runs that ran to their end; what never did, did no work that a bound could ask for.</summary>
    public static BoundProblem Of(SimulationResult result)
    {
        var scenario = result.Scenario;
        var capable = new CapableKinds(scenario.Fleet);
        var runs = result.Runs.Where(run => run.RanToItsEnd).Select(run => Of(run.Traced, scenario, capable.Of(run.Traced.Test)));
        return new BoundProblem([.. runs], [.. scenario.Fleet.Select(kind => kind.Count * kind.Slots)]).Merged();
    }

    private static BoundedRun Of(TracedRun run, Scenario scenario, IReadOnlySet<FleetLine> able) => new()
    {
        At = run.At.TotalSeconds,
        Times = [.. scenario.Fleet.Select(kind => able.Contains(kind) ? SecondsOn(run, kind) : double.PositiveInfinity)],
        Keys = [.. run.Test.ConcurrencyKeys.Select(key => (key, scenario.KeyLimits.Of(key)))],
    };

    private static double SecondsOn(TracedRun run, FleetLine kind) =>
        Math.Min(run.Actual.On(kind)!.Value.TotalSeconds, run.Test.TimeoutSeconds);

    /// <summary>Kinds on which every run takes the same time are one kind: a fleet may be written with a line for each worker.</summary>
    public BoundProblem Merged()
    {
        var kinds = Enumerable.Range(0, Machines.Count).ToList();
        var alike = kinds.GroupBy(kind => Runs.Select(run => run.Times[kind]).ToArray(), SameTimes.Instance).ToList();
        return new BoundProblem(
            [.. Runs.Select(run => run with { Times = [.. alike.Select(kinds => run.Times[kinds.First()])] })],
            [.. alike.Select(kinds => kinds.Sum(kind => Machines[kind]))]);
    }
}

/// <summary>A run as a bound sees it; times in seconds.</summary>
internal sealed record BoundedRun
{
    public double At { get; init; }

    /// <summary>By kind of machine; infinite where it cannot run.</summary>
    public required double[] Times { get; init; }

    public IReadOnlyList<(string Key, int Limit)> Keys { get; init; } = [];

    public double Fastest => Times.Min();

    /// <summary>The kinds that could run it, as a text that is equal for equal sets.</summary>
    public string CapableKinds => string.Concat(Times.Select(time => double.IsInfinity(time) ? '0' : '1'));
}

/// <summary>Lists of times that are equal number by number.</summary>
internal sealed class SameTimes : IEqualityComparer<double[]>
{
    public static SameTimes Instance { get; } = new();

    public bool Equals(double[]? left, double[]? right) => left.AsSpan().SequenceEqual(right);

    public int GetHashCode(double[] times)
    {
        var hash = new HashCode();
        foreach (var time in times) hash.Add(time);
        return hash.ToHashCode();
    }
}
