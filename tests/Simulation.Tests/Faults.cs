using LoadBalancer.Contracts;
using LoadBalancer.Simulation.Tests.Actors;

namespace LoadBalancer.Simulation.Tests;

/// <summary>Which kinds of faults a world has.</summary>
internal enum Climate
{
    /// <summary>Messages are delayed, doubled and lost, nothing else.</summary>
    Rough,

    /// <summary>Broker, database and schedulers come and go; workers and their machines are well.</summary>
    Outages,

    /// <summary>Workers are killed, frozen, cut off and switched off; the servers are well.</summary>
    Workers,

    /// <summary>Everything at once.</summary>
    All,
}

/// <summary>What goes wrong until a moment after which all is well again.</summary>
internal sealed class Faults(World world, Climate climate, TimeSpan until)
{
    private static readonly Weather Storm = new()
    {
        Loss = 0.05,
        LostConfirms = 0.05,
        LostAcknowledgements = 0.05,
        Delay = 0.1,
        LostCommits = 0.03,
    };

    private readonly List<Action> recoveries = [];

    public void Begin()
    {
        world.Weather = climate is Climate.Outages or Climate.All ? Storm with { KilledCommits = 0.01, FrozenCommits = 0.01 } : Storm;
        var count = climate is Climate.Rough ? 0 : world.Chance.Between(2, 10);
        for (var i = 0; i < count; i++)
            world.Time.After(world.Chance.Seconds(5, until.TotalSeconds), HappensOnce);
        world.Time.After(until, End);
    }

    private void End()
    {
        world.Trace("all is well again");
        world.Weather = new Weather();
        recoveries.ForEach(recover => recover());
    }

    private void HappensOnce()
    {
        var servers = climate is Climate.Outages || (climate is Climate.All && world.Chance.Of(0.5));
        if (servers)
            OfServers();
        else
            OfWorker(world.Chance.One(world.Workers));
    }

    private void OfServers()
    {
        switch (world.Chance.Between(0, 6))
        {
            case 0:
                For(world.Chance.Seconds(1, 90), world.Network.GoDown, world.Network.ComeUp);
                break;
            case 1:
                For(world.Chance.Seconds(1, 90), () => Database(isAway: true), () => Database(isAway: false));
                break;
            case 2:
            case 3:
            case 4:
                OfScheduler(world.Leader is { } leader && world.Chance.Of(0.6) ? leader : world.Chance.One(world.Schedulers));
                break;
            default:
                world.Network.Delete(Names.WorkerQueue(world.Chance.One(world.Workers).Name));
                break;
        }
    }

    private void OfScheduler(SchedulerProcess scheduler)
    {
        switch (world.Chance.Between(0, 4))
        {
            case 0:
                For(world.Chance.Seconds(0.1, 60), scheduler.Kill, scheduler.Start);
                break;
            case 1:
                For(world.Chance.Seconds(0.1, 60), scheduler.End, scheduler.Start);
                break;
            case 2:
                For(world.Chance.Seconds(1, 30), () => CutOff(scheduler, isCutOff: true), () => CutOff(scheduler, isCutOff: false));
                break;
            default:
                For(world.Chance.Seconds(1, 90), scheduler.Freeze, scheduler.Thaw);
                break;
        }
    }

    private void OfWorker(WorkerMachine worker)
    {
        switch (world.Chance.Between(0, 3))
        {
            case 0:
                For(world.Chance.Seconds(0.1, 120), worker.Kill, worker.Start);
                break;
            case 1:
                For(world.Chance.Seconds(0.1, 120), worker.Crash, worker.Start);
                break;
            case 2:
                For(world.Chance.Seconds(1, 90), worker.Freeze, worker.Thaw);
                break;
            default:
                For(world.Chance.Seconds(1, 90), () => CutOff(worker, isCutOff: true), () => CutOff(worker, isCutOff: false));
                break;
        }
    }

    private void For(TimeSpan time, Action begin, Action end)
    {
        begin();
        recoveries.Add(end);
        if (world.Time.Elapsed + time < until)
            world.Time.After(time, end);
    }

    private void Database(bool isAway)
    {
        world.Trace($"the database is {(isAway ? "away" : "back")}");
        world.DatabaseIsAway = isAway;
        if (isAway)
            world.Store.Leader.Holder = null;
    }

    private void CutOff(Process process, bool isCutOff)
    {
        world.Trace($"{process.Name} is {(isCutOff ? "cut off" : "reachable")}");
        process.IsCutOff = isCutOff;
        if (isCutOff)
            world.Network.Disconnect(process);
        else
            world.Network.Reconnect(process);
    }
}
