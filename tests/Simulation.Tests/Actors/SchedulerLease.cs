namespace LoadBalancer.Simulation.Tests.Actors;

/// <summary>How one life of a scheduler takes the leadership and keeps it, as the product's <c>LeaderLease</c> does.</summary>
internal sealed class SchedulerLease(SchedulerProcess scheduler, World world)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    /// <summary>0 while this life has not led.</summary>
    public long Epoch { get; private set; }

    /// <summary>Looks until nobody leads, or a leader has been found gone twice.</summary>
    public void Take(Action lead) => Take(lead, seenGone: false);

    /// <summary>A standby need not wait until the lease has ended.</summary>
    public void GiveBack()
    {
        if (Epoch != 0 && scheduler.ReachesDatabase)
            world.Store.Leader.GiveBack(Epoch);
    }

    public void LoseConnection()
    {
        if (world.Store.Leader.Holder == this)
            world.Store.Leader.Holder = null;
    }

    private void Take(Action lead, bool seenGone)
    {
        var row = world.Store.Leader;
        if (!scheduler.ReachesDatabase)
        {
            // What was seen before says nothing of now.
            scheduler.After(RetryPause, () => Take(lead, seenGone: false));
        }
        else if (row.TryTake(scheduler.Name, seenGone, world.Time.Elapsed, this) is { } epoch)
        {
            Epoch = epoch;
            world.Trace($"{scheduler.Name} leads, epoch {epoch}");
            scheduler.After(Poll, Keep);
            scheduler.WhenDatabaseAnswers(lead);
        }
        else
        {
            var isGone = row.IsGone(world.Time.Elapsed);
            scheduler.After(Poll, () => Take(lead, isGone));
        }
    }

    private void Keep()
    {
        if (scheduler.ReachesDatabase && !world.Store.Leader.TryRenew(Epoch, world.Time.Elapsed, this))
            scheduler.Replaced();
        else
            scheduler.After(Poll, Keep);
    }
}
