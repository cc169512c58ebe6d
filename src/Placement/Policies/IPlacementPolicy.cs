namespace LoadBalancer.Placement;

/// <summary>
/// An idea of which worker is best. It sees only workers that can take the run at once, and never none; it holds no state, so that the
/// same context and seed give the same choice.
/// </summary>
public interface IPlacementPolicy
{
    /// <summary>By which configuration selects it.</summary>
    string Name { get; }

    PolicyChoice Choose(PlacementContext context);
}

/// <summary>All that a policy may know.</summary>
/// <param name="Demand">The run to place.</param>
/// <param name="Candidates">Never empty; in an order that depends on no chance.</param>
/// <param name="Random">Seeded by the caller: the only source of chance.</param>
/// <param name="Now">The caller's time.</param>
public sealed record PlacementContext(TestDemand Demand, IReadOnlyList<Candidate> Candidates, Random Random, DateTimeOffset Now)
{
    /// <summary>
    /// Workers that are busy now and could take the run when they are free: of each kind the one that is free first. Empty if the run may
    /// not wait any longer.
    /// </summary>
    public IReadOnlyList<LaterCandidate> Later { get; init; } = [];

    /// <summary>
    /// From 0 to 1: how much the time of a worker is worth to others. 0 if nothing else waits; near 1 if what waits keeps the fleet busy
    /// for much longer than this run takes.
    /// </summary>
    public double Pressure { get; init; }

    /// <summary>How long the run has waited by choice: what it waits yet comes on top.</summary>
    public TimeSpan Waited { get; init; }
}

/// <summary>A worker that meets all hard requirements and has everything free that the run needs.</summary>
/// <param name="Worker">What it is.</param>
/// <param name="Free">What it has free, before this run.</param>
/// <param name="Fit">How well the run suits it.</param>
/// <param name="Predicted">How long this run is expected to take on this worker's class.</param>
/// <param name="LastTurn">Number of the decision in which this policy last chose this worker; 0 for never.</param>
public sealed record Candidate(WorkerProfile Worker, FreeCapacity Free, Fit Fit, DurationForecast Predicted, long LastTurn)
{
    /// <summary>What a second of this worker is worth to all that waits; 1 is the mean of the fleet.</summary>
    public double Price { get; init; } = 1;

    /// <summary>What the run saves here because the worker has prepared its workspace or model before.</summary>
    public TimeSpan Saved { get; init; }

    /// <summary>From 0 to 1: how much more often tests fail on this worker than elsewhere; 0 unless that has been noticed.</summary>
    public double FailureExcess { get; init; }
}

/// <summary>A worker that could take the run when it is free.</summary>
/// <param name="Worker">What it is.</param>
/// <param name="FreeAt">When it is expected to have room, after what is ahead of this run.</param>
/// <param name="Predicted">How long this run is expected to take there.</param>
public sealed record LaterCandidate(WorkerProfile Worker, DateTimeOffset FreeAt, DurationForecast Predicted)
{
    /// <inheritdoc cref="Candidate.Saved"/>
    public TimeSpan Saved { get; init; }

    /// <inheritdoc cref="Candidate.FailureExcess"/>
    public double FailureExcess { get; init; }

    /// <summary>
    /// From 0 to 1: how likely others use its time if this run does not wait for it, as often as submissions lately found no worker like it
    /// free. 0 once they have stopped coming.
    /// </summary>
    public double Sought { get; init; }
}

/// <summary>What is not reserved on a worker.</summary>
public readonly record struct FreeCapacity(int Slots, double MemoryGb, double CpuCores, double DiskGb);

/// <summary>How well a run suits a worker.</summary>
/// <param name="Scarcity">
/// From 0 to below 1: how rare among the registered workers the rarest ability of this worker is that the run would occupy without
/// using it. 0 is an exact fit.
/// </param>
/// <param name="Load">From 0 to 1: the most used of its slots, memory and cores, before this run.</param>
public readonly record struct Fit(double Scarcity, double Load);

/// <summary>A policy's answer.</summary>
/// <param name="Ranked">The chosen worker first, then the next best; what follows the first four is not read.</param>
public sealed record PolicyChoice(IReadOnlyList<RankedWorker> Ranked)
{
    /// <summary>Set if the run should rather wait for a worker of <see cref="PlacementContext.Later"/>; then nothing needs to be ranked.</summary>
    public LaterWorker? WaitFor { get; init; }
}

/// <summary>A busy worker that is worth waiting for.</summary>
/// <param name="WorkerId">One of <see cref="PlacementContext.Later"/>.</param>
/// <param name="Reason">One short sentence for an operator.</param>
public sealed record LaterWorker(string WorkerId, string Reason)
{
    /// <summary>
    /// When waiting no longer pays: until then the policy is not asked again unless a worker of that kind is free or the fleet changes. Null to be
    /// asked at every event.
    /// </summary>
    public DateTimeOffset? Until { get; init; }
}

/// <summary>A candidate with its score.</summary>
/// <param name="WorkerId">One of the candidates.</param>
/// <param name="Score">Part to seconds; lower is better. Empty for a policy that does not score.</param>
/// <param name="Reason">One short sentence for an operator.</param>
public sealed record RankedWorker(string WorkerId, IReadOnlyDictionary<string, double> Score, string Reason);
