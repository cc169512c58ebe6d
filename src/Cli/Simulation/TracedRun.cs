using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Simulation;

/// <summary>One line of a trace: a submission, and what only the simulated clock knows of it.</summary>
internal sealed record TracedRun
{
    /// <summary>The line of the trace, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>When it is submitted, since the start.</summary>
    public required TimeSpan At { get; init; }

    public required SubmitTest Test { get; init; }

    public required ActualTimes Actual { get; init; }

    public string Submitter => Test.Submitter ?? "default";

    public TimeSpan Timeout => TimeSpan.FromSeconds(Test.TimeoutSeconds);
}

/// <summary>How long a run truly takes where, and how it ends. The planner never sees it.</summary>
/// <param name="Seconds">By worker class; <see cref="OtherClasses"/> is the time at speed 1 on classes not named.</param>
/// <param name="Passes">What the test says when it is given the time.</param>
internal sealed record ActualTimes(IReadOnlyDictionary<string, double> Seconds, bool Passes)
{
    public const string OtherClasses = "*";

    /// <summary>Null where the line does not say.</summary>
    public TimeSpan? On(FleetLine kind) =>
        Seconds.TryGetValue(kind.Class, out var own) ? TimeSpan.FromSeconds(own)
        : Seconds.TryGetValue(OtherClasses, out var usual) ? TimeSpan.FromSeconds(usual / kind.Speed)
        : null;
}
