using System.Globalization;
using LoadBalancer.Contracts;
using LoadBalancer.Simulation.Tests.Actors;
using LoadBalancer.Simulation.Tests.Engine;

namespace LoadBalancer.Simulation.Tests;

/// <summary>How likely a message, a confirmation or a commit fares badly. Fine weather is all zero.</summary>
internal sealed record Weather
{
    public double Loss { get; init; }

    public double LostConfirms { get; init; }

    public double LostAcknowledgements { get; init; }

    public double Delay { get; init; }

    public double LostCommits { get; init; }

    public double KilledCommits { get; init; }

    public double FrozenCommits { get; init; }
}

/// <summary>Everything of one simulation: the clock, the servers, the processes, and what really runs.</summary>
internal sealed class World
{
    private readonly List<string> trace = [];
    private readonly Dictionary<Guid, string> names = [];

    public World(SagaEngine engine, int seed, int schedulers)
    {
        (Engine, Chance) = (engine, new Chance(seed));
        engine.Use(Store);
        Network = new Network(this);
        Executions = new Executions(this);
        Schedulers = [.. Enumerable.Range(1, schedulers).Select(number => new SchedulerProcess(this, $"scheduler-{number}", seed))];
        Store.Fate = NextFate;
    }

    public SagaEngine Engine { get; }

    public Chance Chance { get; }

    public VirtualTime Time => Engine.Time;

    public Store Store { get; } = new();

    public Network Network { get; }

    public Executions Executions { get; }

    public IReadOnlyList<SchedulerProcess> Schedulers { get; }

    /// <summary>The one that the store names; null where it is dead.</summary>
    public SchedulerProcess? Leader => Schedulers.FirstOrDefault(scheduler => scheduler.IsRunning && scheduler.Epoch != 0 && scheduler.Epoch == Store.Leader.Epoch);

    public List<WorkerMachine> Workers { get; } = [];

    public Dictionary<Guid, SubmitTest> Submissions { get; } = [];

    /// <summary>Runs whose executor does not end them at their timeout.</summary>
    public HashSet<Guid> StuckRuns { get; } = [];

    public Weather Weather { get; set; } = new();

    public bool DatabaseIsAway { get; set; }

    /// <summary>What is wrong with this world on purpose, so that its checks can be seen to fail.</summary>
    public Defect Defect { get; init; }

    /// <summary>Workers whose lease ended.</summary>
    public List<string> Lost { get; } = [];

    /// <summary>What everybody was told, by run.</summary>
    public Dictionary<Guid, HashSet<long>> Announced { get; } = [];

    public IReadOnlyList<string> History => trace;

    public string NameOf(Guid runId) => names.GetValueOrDefault(runId, "an unknown run");

    public void Name(Guid runId, string name) => names[runId] = name;

    public void Trace(string what) => trace.Add(string.Create(CultureInfo.InvariantCulture, $"{Time.Elapsed.TotalSeconds,9:0.000} {what}"));

    /// <summary>A process that died of itself is started again, by whoever looks after it.</summary>
    public void ProcessDied(Process process) => Time.After(Chance.Seconds(0.2, 10), process.Start);

    /// <summary>What a test does, the same for every attempt with this number: how long it takes, and how it ends.</summary>
    public (TimeSpan Duration, TestOutcome Outcome) Script(RunTest run)
    {
        var chance = new Chance(BitConverter.ToInt32(run.RunId.ToByteArray()) + run.Attempt);
        if (StuckRuns.Contains(run.RunId))
            return (TimeSpan.FromHours(10), TestOutcome.Passed);

        var duration = chance.Seconds(0.2, chance.Of(0.3) ? 120 : 15);
        var outcome = chance.Of(0.85) ? TestOutcome.Passed : chance.One([TestOutcome.Failed, TestOutcome.Skipped, TestOutcome.WorkerError]);
        var timeout = TimeSpan.FromSeconds(run.TimeoutSeconds);
        return duration > timeout ? (timeout, TestOutcome.TimedOut) : (duration, outcome);
    }

    private CommitFate NextFate()
    {
        if (Chance.Of(Weather.KilledCommits))
            return Chance.Of(0.5) ? CommitFate.KilledBefore : CommitFate.KilledAfter;
        if (Chance.Of(Weather.FrozenCommits))
            return CommitFate.Frozen;
        if (Chance.Of(Weather.LostCommits))
            return Chance.Of(0.5) ? CommitFate.LostBefore : CommitFate.AnswerLost;
        return CommitFate.Durable;
    }
}

/// <summary>A rule of the product that a world leaves out.</summary>
internal enum Defect
{
    None,

    /// <summary>Workers go on when nobody answers them.</summary>
    NoFence,

    /// <summary>Workers take every delivery for a new one.</summary>
    NoMemory,

    /// <summary>The scheduler ends leases by the clock alone.</summary>
    LeasesByTheClock,

    /// <summary>The scheduler never looks for what a crash left in the outbox.</summary>
    NoRelay,

    /// <summary>Nobody asks for assignments back that do not start.</summary>
    NoStartDeadline,

    /// <summary>Transactions do not lock the epoch.</summary>
    NoEpochLock,

    /// <summary>What is answered from memory is answered by whoever believes to lead.</summary>
    NoConfirmation,
}
