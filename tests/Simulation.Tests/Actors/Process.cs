using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Simulation.Tests.Engine;

namespace LoadBalancer.Simulation.Tests.Actors;

/// <summary>Something that can be killed and frozen at any moment. What it planned dies with it, and waits while it is frozen.</summary>
internal abstract class Process(World world, string name)
{
    private static readonly (double Least, double Most) BrokerNotices = (10, 20);

    private readonly List<Action> missed = [];
    private int life;
    private int freezes;

    public string Name => name;

    public bool IsRunning { get; private set; }

    public bool IsFrozen { get; private set; }

    /// <summary>Nothing reaches it, and nothing it sends arrives.</summary>
    public bool IsCutOff { get; set; }

    /// <summary>The broker takes it for gone when it has been silent for some time, and delivers what it was handed to others.</summary>
    public bool IsForgottenByBroker { get; private set; }

    protected World World => world;

    public void Start()
    {
        if (IsRunning)
            return;

        world.Trace($"{name} starts");
        (IsRunning, IsFrozen, IsForgottenByBroker) = (true, false, false);
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
        var meant = ++freezes;
        world.Time.After(world.Chance.Seconds(BrokerNotices.Least, BrokerNotices.Most), () =>
        {
            if (!IsFrozen || freezes != meant)
                return;

            IsForgottenByBroker = true;
            world.Network.Disconnect(this);
        });
    }

    public void Thaw()
    {
        if (!IsFrozen)
            return;

        world.Trace($"{name} goes on");
        (IsFrozen, IsForgottenByBroker) = (false, false);
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

    /// <summary>It finds that it no longer leads.</summary>
    public virtual void Replaced()
    {
    }

    protected abstract void Begin();

    protected virtual void Killed()
    {
    }

    /// <summary>It is about to do something.</summary>
    protected virtual void Acts()
    {
    }

    /// <summary>It does this first when it goes on.</summary>
    protected void FreezeAndThen(Action action)
    {
        Freeze();
        missed.Add(action);
    }

    private void Supervised(Action action)
    {
        Acts();
        try
        {
            action();
        }
        catch (ProcessKilledException)
        {
            Kill();
            world.ProcessDied(this);
        }
        catch (ProcessFrozenException)
        {
            missed.Add(action);
        }
        catch (NotLeadingException)
        {
            Replaced();
        }
    }
}
