using System.Text.Json.Serialization;

namespace LoadBalancer.Cli.Simulation;

/// <summary>The figures of a simulation, named as in <c>--json</c>. Times in seconds of the virtual clock.</summary>
internal sealed record Summary
{
    public required string Policy { get; init; }

    public required int Runs { get; init; }

    public required int Completed { get; init; }

    public required int Failed { get; init; }

    public required int Unschedulable { get; init; }

    /// <summary>From the first submission to the last end.</summary>
    public required double MakespanSeconds { get; init; }

    public required double LowerBoundSeconds { get; init; }

    /// <summary>Makespan by lower bound; null where nothing ran.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required double? Ratio { get; init; }

    /// <summary>From submission to end, of runs that were executed.</summary>
    public required double MeanCompletionSeconds { get; init; }

    public required double P50WaitSeconds { get; init; }

    public required double P95WaitSeconds { get; init; }

    public required double P99WaitSeconds { get; init; }

    public required double MaxWaitSeconds { get; init; }

    /// <summary>Busy slot seconds by slot seconds of live workers until the last end.</summary>
    public required double Utilisation { get; init; }

    /// <summary>
    /// Jain's index over submitters of the work done for them in the first half of the makespan: 1 is equal, 1/n all for one of n.
    /// </summary>
    public required double JainFairness { get; init; }

    /// <summary>Mean of |ln(predicted / actual)|, where a run of the test had ended on that class before; null without such runs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required double? MeanAbsoluteLogError { get; init; }

    /// <summary>Share of attempts that took at most their predicted P90; null without predictions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required double? Coverage90 { get; init; }

    public required int Decisions { get; init; }

    /// <summary>Wall time inside the planner; null without timing, as are the next two.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required double? PlannerMilliseconds { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required double? DecisionsPerSecond { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required double? P99PlanMilliseconds { get; init; }
}
