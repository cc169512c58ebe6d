namespace LoadBalancer.Cli.Simulation;

/// <summary>What happened in a simulation.</summary>
internal sealed record SimulationResult
{
    public required Scenario Scenario { get; init; }

    public required string Policy { get; init; }

    /// <summary>In the order of the trace, all ended.</summary>
    public required IReadOnlyList<RunProgress> Runs { get; init; }

    /// <summary>Those that started, in order of start.</summary>
    public required IReadOnlyList<SimulatedAttempt> Attempts { get; init; }

    public required int Decisions { get; init; }

    /// <summary>Wall time inside the planner.</summary>
    public required TimeSpan PlannerTime { get; init; }

    /// <summary>Wall time of each planning step.</summary>
    public required IReadOnlyList<TimeSpan> PlanTimes { get; init; }
}
