namespace LoadBalancer.Placement;

/// <summary>In how long a run that waits is expected to have finished (not started), counted from the moment of asking.</summary>
/// <param name="P50">As likely as not it has finished by then.</param>
/// <param name="P90">Nine of ten have finished by then.</param>
public sealed record ExpectedEnd(TimeSpan P50, TimeSpan P90);

/// <summary>What a submission is told of its chances.</summary>
/// <param name="FeasibleWorkers">Registered workers that could run it when empty.</param>
/// <param name="Eta">Null if it can never run as things are, or was not asked.</param>
public sealed record Prospects(int FeasibleWorkers, ExpectedEnd? Eta)
{
    /// <summary>Why no registered worker could ever run it; null where one could.</summary>
    public string? Impossible { get; init; }
}
