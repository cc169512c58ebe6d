using LoadBalancer.Contracts;
using LoadBalancer.Worker.Sessions;

namespace LoadBalancer.Simulation.Tests.Actors;

/// <summary>
/// A machine with a worker's process and its guard. The process is one session after the other; what it knows dies with it, what is on its
/// disk stays, and what it executes is ended by the guard.
/// </summary>
internal sealed class WorkerMachine(World world, string id, int slots, WorkerCapabilities capabilities) : Process(world, id)
{
    public static readonly TimeSpan KillGrace = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan GuardNotices = TimeSpan.FromSeconds(1);

    private SessionLife? session;
    private TimeSpan? guardKillsAt;

    public int Slots => slots;

    public WorkerCapabilities Capabilities => capabilities;

    public WorkerDisk Disk { get; } = new();

    /// <summary>The highest epoch that this process has heard of.</summary>
    public LeaderEpoch Epoch { get; private set; } = new();

    public WorkerReports Reports { get; private set; } = null!;

    /// <summary>No attempt is here that has not ended.</summary>
    public bool IsIdle => session?.IsIdle ?? true;

    public string? Holding => session?.Holding;

    /// <summary>Power off: process, guard and what they execute end at once.</summary>
    public void Crash()
    {
        foreach (var execution in World.Executions.On(this).ToList())
            World.Executions.End(execution, outcome: null);
        Kill();
    }

    public void BeginSession()
    {
        session = new SessionLife(this, World);
        session.Register();
    }

    /// <summary>The guard kills what is executed here after this time, unless it is told anew.</summary>
    public void Fence(TimeSpan after)
    {
        if (World.Defect is Defect.NoFence)
            return;

        guardKillsAt = World.Time.Elapsed + after;
        World.Time.After(after, () =>
        {
            if (guardKillsAt <= World.Time.Elapsed)
                GuardKills();
        });
    }

    public void LiftFence() => guardKillsAt = null;

    protected override void Begin()
    {
        // Orphans are dead before it registers.
        GuardKills();
        Epoch = new LeaderEpoch();
        Reports = new WorkerReports(this, World);
        BeginSession();
    }

    protected override void Killed()
    {
        session = null;
        var orphans = World.Executions.On(this).ToList();
        World.Time.After(World.Chance.Seconds(0, GuardNotices.TotalSeconds), () => orphans.ForEach(orphan => World.Executions.End(orphan, outcome: null)));
    }

    private void GuardKills()
    {
        foreach (var execution in World.Executions.On(this).ToList())
        {
            World.Executions.End(execution, outcome: null);
            After(TimeSpan.Zero, () => session?.Ended(execution));
        }
    }
}

/// <summary>What a worker keeps on disk.</summary>
internal sealed class WorkerDisk
{
    public Guid? PreviousSession { get; set; }

    public Guid? FencedSession { get; set; }

    public List<Guid> Asked { get; } = [];

    public Dictionary<RunAttempt, (Guid SessionId, TestFinished Finished)> Results { get; } = [];
}
