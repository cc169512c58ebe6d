using LoadBalancer.Simulation.Tests.Engine;

namespace LoadBalancer.Simulation.Tests.Actors;

/// <summary>Something that can be killed and frozen at any moment. What it planned dies with it, and waits while it is frozen.</summary>
internal abstract class Process(World world, string name)
{
    private readonly List<Action> missed = [];
    private int life;

    public string Name => name;

    public bool IsRunning { get; private set; }

    public bool IsFrozen { get; private set; }

    /// <summary>Nothing reaches it, and nothing it sends arrives.</summary>
    public bool IsCutOff { get; set; }

    protected World World => world;

    public void Start()
    {
        if (IsRunning)
            return;

        world.Trace($"{name} starts");
        (IsRunning, IsFrozen) = (true, false);
        life++;
        Supervised(Begin);
    }

    public void Kill()
    {
        if (!IsRunning)
            return;

        world.Trace($"{name} is killed");
        life++;
        (IsRunning, IsFrozen) = (false, false);
        missed.Clear();
        world.Network.Disconnect(this);
        Killed();
    }

    public void Freeze()
    {
        if (!IsRunning || IsFrozen)
            return;

        world.Trace($"{name} is frozen");
        IsFrozen = true;
    }

    public void Thaw()
    {
        if (!IsFrozen)
            return;

        world.Trace($"{name} goes on");
        IsFrozen = false;
        var due = missed.ToList();
        missed.Clear();
        foreach (var action in due)
            After(TimeSpan.Zero, action);
        world.Network.Reconnect(this);
    }

    public void After(TimeSpan delay, Action action)
    {
        var planned = life;
        world.Time.After(delay, () =>
        {
            if (planned != life)
                return;
            if (IsFrozen)
                missed.Add(action);
            else
                Supervised(action);
        });
    }

    /// <summary>What the world will call; it reaches the process only if it is still the same one.</summary>
    public Action InThisLife(Action action)
    {
        var meant = life;
        return () =>
        {
            if (meant == life)
                After(TimeSpan.Zero, action);
        };
    }

    protected abstract void Begin();

    protected virtual void Killed()
    {
    }

    private void Supervised(Action action)
    {
        try
        {
            action();
        }
        catch (ProcessKilledException)
        {
            Kill();
            world.ProcessDied(this);
        }
    }
}
