namespace LoadBalancer.Placement;

/// <summary>Why a run waits.</summary>
/// <param name="Funnel">
/// How many workers are left after each check the run asks for, in order; the first entry, <c>known</c>, is all registered ones.
/// </param>
/// <param name="Blocker">What is in the way; null when it is next in line.</param>
/// <param name="Verdict">One sentence: will run, or can never run as things are.</param>
/// <param name="FeasibleWorkers">Registered workers that could run it when empty.</param>
public sealed record WaitExplanation(IReadOnlyList<FunnelCount> Funnel, string? Blocker, string Verdict, int FeasibleWorkers)
{
    /// <summary>The least change that would start it now; null if no single one or pair is sure to, or it does not wait.</summary>
    public Relaxation? Relaxation { get; init; }

    /// <summary>Required names that are most likely misspelt, one sentence each.</summary>
    public IReadOnlyList<string> Hints { get; init; } = [];

    /// <summary>When it is expected to have ended; null if it can never run as things are.</summary>
    public ExpectedEnd? Eta { get; init; }
}

/// <summary>Workers left after those were taken out that are refused with this <see cref="RefusalCode"/> (in camel case).</summary>
public sealed record FunnelCount(string Name, int Workers);
