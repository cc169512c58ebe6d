namespace LoadBalancer.Placement;

/// <summary>Names of the policies that are always there.</summary>
public static class PolicyNames
{
    /// <summary>Every worker in its turn: fair and predictable, blind to speed.</summary>
    public const string RoundRobin = "round_robin";

    /// <summary>Turns in proportion to what a worker's free slots would end per second; blind to what is rare or warm.</summary>
    public const string WeightedRoundRobin = "weighted_round_robin";

    /// <summary>The shortest expected time to a good result, trying who is not yet known; spends the best workers on any run.</summary>
    public const string PerformanceBased = "performance_based";

    /// <summary>Important runs where they end first, unimportant ones where others lose least; unimportant ones take longer.</summary>
    public const string PriorityBased = "priority_based";

    /// <summary>Where the run is prepared already, while that saves more than it loses, else least loaded; blind to speed otherwise.</summary>
    public const string AffinityBased = "affinity_based";

    /// <summary>Where the run is expected to end first, as far as is known; keeps scarce abilities free.</summary>
    public const string Adaptive = "adaptive";

    /// <summary>Several policies at once, by weight: those of its configuration, else its usual ones.</summary>
    public const string Composite = "composite";
}
