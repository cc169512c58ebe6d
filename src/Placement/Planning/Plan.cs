namespace LoadBalancer.Placement;

/// <summary>
/// What one planning pass proposes. The decisions are reserved already; a commit confirms them, a release takes them back.
/// </summary>
/// <param name="Decisions">In the order in which they were taken.</param>
/// <param name="Impossible">Runs that wait although no registered worker could run them even when empty.</param>
/// <param name="WakeAt">The earliest <see cref="TestDemand.NotBefore"/> that is still ahead, or end of a run's waiting by choice.</param>
public sealed record Plan(IReadOnlyList<Decision> Decisions, IReadOnlyList<ImpossibleRun> Impossible, DateTimeOffset? WakeAt)
{
    /// <summary>Runs that keep waiting because their policy threw or answered with what it was not offered.</summary>
    public IReadOnlyList<PolicyFailure> PolicyFailures { get; init; } = [];

    /// <summary>Runs that were passed over although a worker is free for them.</summary>
    public IReadOnlyList<HeldBackRun> HeldBack { get; init; } = [];

    /// <summary>Workers that are kept for one run each.</summary>
    public IReadOnlyList<KeptWorker> Kept { get; init; } = [];

    /// <summary>Keys that nobody takes now, each since one run has waited much longer for it than who could.</summary>
    public IReadOnlyList<LeftKey> LeftKeys { get; init; } = [];
}

/// <summary>A run that waits although a worker is free that could run it: it is expected to end sooner on one that is busy, <paramref name="WaitsFor"/>.</summary>
public sealed record HeldBackRun(Guid RunId, string WaitsFor, string Reason);

/// <summary>A worker that is kept for a run which needs more of it than is free; others run there only if they do not delay it.</summary>
public sealed record KeptWorker(string WorkerId, Guid ForRun);

/// <summary>A key that is free and that whoever was submitted after this leaves to a run that has waited much longer.</summary>
public sealed record LeftKey(string Key, Guid ForRun, DateTimeOffset After);

/// <summary>Which worker runs this attempt, with which devices, and why.</summary>
public sealed record Decision
{
    public required Guid RunId { get; init; }

    public required int Attempt { get; init; }

    public required string WorkerId { get; init; }

    public required Reservation Reservation { get; init; }

    /// <summary>Name of the policy that chose.</summary>
    public required string Policy { get; init; }

    /// <summary>One short sentence for an operator.</summary>
    public required string Reason { get; init; }

    /// <summary>Part of the score to seconds; the worker with the lowest sum was chosen. Empty for a policy that does not score.</summary>
    public IReadOnlyDictionary<string, double> Score { get; init; } = new Dictionary<string, double>();

    /// <summary>The best workers that were not chosen, at most three.</summary>
    public IReadOnlyList<Alternative> Alternatives { get; init; } = [];

    /// <summary><see cref="RefusalCode"/> in camel case to the number of registered workers refused for it.</summary>
    public IReadOnlyDictionary<string, int> Refusals { get; init; } = new Dictionary<string, int>();

    /// <summary>How long the run is expected to take on that worker.</summary>
    public DurationForecast? Predicted { get; init; }

    /// <summary>The running attempt whose place it takes; it starts when that has ended. Null if it has a place of its own.</summary>
    public AttemptId? StartsAfter { get; init; }
}

/// <summary>A worker that could have taken the run too.</summary>
public sealed record Alternative(string WorkerId, double ScoreSeconds, string Reason)
{
    /// <inheritdoc cref="Decision.Score"/>
    public IReadOnlyDictionary<string, double> Score { get; init; } = new Dictionary<string, double>();
}

/// <summary>No registered worker could run it even when empty. The reason names the worker that misses least and what it lacks.</summary>
public sealed record ImpossibleRun(Guid RunId, string Reason);

/// <summary>A policy broke its promise on one run: <paramref name="Error"/> says how.</summary>
public sealed record PolicyFailure(Guid RunId, string Policy, string Error);

/// <summary>
/// An attempt that has not started and would have finished sooner on another worker. It is placed again when its worker has confirmed
/// that it did not start.
/// </summary>
/// <param name="Attempt">Which one.</param>
/// <param name="From">Where it waits.</param>
/// <param name="To">Where it could start now; the planner chooses anew when it is back.</param>
/// <param name="Gain">How much sooner it is expected to finish there, what the move costs not counted.</param>
/// <param name="Reason">One sentence for an operator.</param>
public sealed record Move(AttemptId Attempt, string From, string To, TimeSpan Gain, string Reason);
