namespace LoadBalancer.Cli.Simulation;

/// <summary>All that a simulation depends on, but the policy.</summary>
internal sealed record Scenario
{
    public required IReadOnlyList<TracedRun> Trace { get; init; }

    public required IReadOnlyList<FleetLine> Fleet { get; init; }

    /// <summary>Earlier runs: learned before the start, in their order.</summary>
    public IReadOnlyList<TracedRun> History { get; init; } = [];

    public IReadOnlyDictionary<string, int> KeyLimits { get; init; } = new Dictionary<string, int>();

    /// <summary>Of the planner's only source of chance.</summary>
    public int Seed { get; init; } = 1;

    /// <exception cref="LbException">A file cannot be read, or a run has no time on a class that could run it.</exception>
    public static Scenario Read(string trace, string fleet, string? history)
    {
        var scenario = new Scenario
        {
            Trace = TraceFile.Read(trace),
            Fleet = FleetFile.Read(fleet),
            History = history is null ? [] : TraceFile.Read(history),
        };
        if (scenario.Trace.Count == 0) throw LbException.BadInput($"{trace}:1: line: the file holds no test");

        RefuseUnknownTimes(scenario, trace);
        return scenario;
    }

    private static void RefuseUnknownTimes(Scenario scenario, string path)
    {
        var capable = new CapableKinds(scenario.Fleet);
        foreach (var run in scenario.Trace)
        {
            if (capable.Of(run.Test).FirstOrDefault(kind => run.Actual.On(kind) is null) is not { } kind) continue;

            var problem = $"has neither {kind.Class} nor \"*\", and {kind.WorkerId} could run it";
            throw LbException.BadInput($"{path}:{run.Index + 1}: actual.seconds: {problem}");
        }
    }
}
