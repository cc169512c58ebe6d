using LoadBalancer.Placement;

namespace LoadBalancer.Cli.Simulation;

/// <summary>How an attempt ends, by its name in the schedule.</summary>
internal enum AttemptOutcome
{
    Passed,
    Failed,
    TimedOut,
    WorkerLost,
}

/// <summary>One placement, from its decision to its end. All of it is known when it is decided; the planner learns of it in time.</summary>
internal sealed record SimulatedAttempt
{
    public required RunProgress Run { get; init; }

    public required Decision Decision { get; init; }

    public required FleetLine Kind { get; init; }

    public required TimeSpan DecidedAt { get; init; }

    public required TimeSpan Start { get; init; }

    public required TimeSpan End { get; init; }

    public required AttemptOutcome Outcome { get; init; }

    /// <summary>Its time on this worker, without regard to a timeout or the worker's death.</summary>
    public required TimeSpan TrueTime { get; init; }

    /// <summary>False where its worker was dead when it should have started.</summary>
    public bool Started => !(Kind.LeavesAt <= Start);

    public TimeSpan Duration => End - Start;
}
