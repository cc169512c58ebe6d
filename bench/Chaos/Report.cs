using System.Globalization;
using System.Text.Json;

namespace LoadBalancer.Chaos;

/// <summary>What is printed, in the order in which it is printed.</summary>
internal sealed record Report
{
    public required int Submitted { get; init; }

    public required int Terminal { get; init; }

    public required int Lost { get; init; }

    public required int DoubleAccepted { get; init; }

    public required int OverlappingKeys { get; init; }

    public required int Oversubscribed { get; init; }

    public required int Misplaced { get; init; }

    public required int Kills { get; init; }

    public required double RecoverySecondsMax { get; init; }

    public required int WrongVerdicts { get; init; }

    /// <summary>Submissions that the broker never confirmed, although it was back.</summary>
    public required int Unconfirmed { get; init; }

    /// <summary>Lines of the journal that no test can have written.</summary>
    public required int Unreadable { get; init; }

    /// <summary>Messages in the scheduler's error queues: nobody sent a bad one.</summary>
    public required uint DeadLetters { get; init; }

    /// <summary>Processes of tests that outlived everything that could have ended them.</summary>
    public required int LeftRunning { get; init; }

    /// <summary>Tests given up after some lost workers, as promised.</summary>
    public required int LostToInfrastructure { get; init; }

    public required int Freezes { get; init; }

    public required int EndedByThemselves { get; init; }

    /// <summary>Processes of tests, more than tests where some were repeated.</summary>
    public required int Executions { get; init; }

    /// <summary>From the end of the faults until everything had ended.</summary>
    public required double SettledSeconds { get; init; }

    public required int Schedulers { get; init; }

    /// <summary>How often another scheduler led than before.</summary>
    public required int Takeovers { get; init; }

    /// <summary>From the end of a leader until the next one was ready, while the servers and a standby were well.</summary>
    public required double TakeoverSecondsMax { get; init; }

    /// <summary>Schedulers that ended by themselves since another one led.</summary>
    public required int Deposed { get; init; }

    public required int Seed { get; init; }

    public required double Seconds { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"""
        {Seconds:0} s of faults with seed {Seed}: {Kills} kills, {Freezes} freezes; {EndedByThemselves} processes ended by themselves
        {Submitted} tests submitted, {Terminal} ended, {Executions} processes run, {LostToInfrastructure} given up after lost workers
        lost {Lost}, double accepted {DoubleAccepted}, overlapping keys {OverlappingKeys}, oversubscribed {Oversubscribed}, misplaced {Misplaced}, wrong verdicts {WrongVerdicts}
        left running {LeftRunning}, dead letters {DeadLetters}, unconfirmed {Unconfirmed}, unreadable {Unreadable}
        {Schedulers} schedulers, {Takeovers} takeovers, the longest in {TakeoverSecondsMax:0.0} s; {Deposed} woke when another one led
        longest recovery {RecoverySecondsMax:0.0} s; all had ended {SettledSeconds:0.0} s after the faults
        """);
}
