using LoadBalancer.Worker.Sessions;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Worker.Tests.Sessions;

public sealed class LeaseTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider time = new();

    [Fact]
    public void A_lease_counts_from_the_sending_and_is_over_one_grace_early()
    {
        var lease = new Lease(Grace, time);
        Assert.False(lease.IsLive);

        var sent = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(10));
        lease.Renew(sent, Length);

        Assert.Equal(Length - Grace - TimeSpan.FromSeconds(10), lease.Remaining);
        time.Advance(lease.Remaining);
        Assert.False(lease.IsLive);
    }

    [Fact]
    public void A_late_answer_to_an_older_heartbeat_shortens_nothing()
    {
        var lease = new Lease(Grace, time);
        var older = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(5));
        lease.Renew(time.GetTimestamp(), Length);
        lease.Renew(older, Length);

        Assert.Equal(Length - Grace, lease.Remaining);
    }

    [Fact]
    public void An_epoch_below_the_highest_is_not_admitted()
    {
        var epoch = new LeaderEpoch();

        Assert.True(epoch.Admits(3));
        Assert.True(epoch.Admits(3));
        Assert.False(epoch.Admits(2));
        Assert.True(epoch.Admits(4));
        Assert.False(epoch.Admits(3));
    }
}
