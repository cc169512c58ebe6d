namespace LoadBalancer.Worker.Sessions;

/// <summary>The highest epoch heard of: an answer with a lower one comes from a scheduler that no longer leads.</summary>
internal sealed class LeaderEpoch
{
    private long highest;

    public bool Admits(long epoch)
    {
        var known = Volatile.Read(ref highest);
        while (epoch > known)
        {
            var seen = Interlocked.CompareExchange(ref highest, epoch, known);
            if (seen == known)
                return true;
            known = seen;
        }

        return epoch == known;
    }
}
