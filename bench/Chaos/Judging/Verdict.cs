namespace LoadBalancer.Chaos.Judging;

/// <summary>What was found. A count that is not zero has as many violations of its name.</summary>
internal sealed record Verdict
{
    /// <summary>What the product promises of a standby whose leader was killed or frozen.</summary>
    private const double TakeoverLimitSeconds = 10;

    /// <summary>Tests whose submission the broker confirmed.</summary>
    public required int Submitted { get; init; }

    /// <summary>Those that were announced to have ended.</summary>
    public required int Terminal { get; init; }

    /// <summary>Planned, and not confirmed by the broker although it was back.</summary>
    public required int Unconfirmed { get; init; }

    /// <summary>Lines of the journal that no test can have written: it proves nothing then.</summary>
    public required int Unreadable { get; init; }

    public required IReadOnlyList<Recovered> Recoveries { get; init; }

    public double RecoverySecondsMax => Recoveries.Select(recovery => recovery.Seconds).DefaultIfEmpty(0).Max();

    public required IReadOnlyList<Takeover> Takeovers { get; init; }

    public double TakeoverSecondsMax => Takeovers.Select(takeover => takeover.Seconds).OfType<double>().DefaultIfEmpty(0).Max();

    /// <summary>Tests given up for the sake of lost workers, as the product promises after some attempts: no harm.</summary>
    public required int LostToInfrastructure { get; init; }

    public required IReadOnlyList<Violation> Violations { get; init; }

    public bool IsClean =>
        Violations.Count == 0 && Submitted == Terminal && Unconfirmed == 0 && Unreadable == 0 && TakeoverSecondsMax <= TakeoverLimitSeconds;

    public int Count(Harm harm) => Violations.Count(violation => violation.Harm == harm);
}

/// <param name="Harm">What kind of harm.</param>
/// <param name="Details">Runs, processes and times.</param>
/// <param name="Runs">The runs concerned, for whoever looks further.</param>
internal sealed record Violation(Harm Harm, string Details, IReadOnlyList<Guid> Runs);

internal enum Harm
{
    /// <summary>Confirmed, and never announced to have ended.</summary>
    Lost,

    /// <summary>A run that ended twice, or two of whose processes lived at the same time.</summary>
    DoubleAccepted,

    /// <summary>Two processes that share a key lived at the same time.</summary>
    OverlappingKeys,

    /// <summary>A moment from which a device was promised more than once, or a worker ran more than its slots.</summary>
    Oversubscribed,

    /// <summary>A process ran on a worker that has not what the test requires, or was not given it.</summary>
    Misplaced,

    /// <summary>A run ended as something that its program did not do, or without having run to its end, and no fault explains it.</summary>
    WrongVerdict,
}
