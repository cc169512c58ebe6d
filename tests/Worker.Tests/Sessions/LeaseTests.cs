using LoadBalancer.Worker.Sessions;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Worker.Tests.Sessions;

public sealed class LeaseTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider time = new();
    private readonly List<TimeSpan> fences = [];

    [Fact]
    public void A_lease_counts_from_the_sending_and_is_over_one_grace_early()
    {
        var lease = new Lease(Grace, time, fences.Add);
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
        var lease = new Lease(Grace, time, fences.Add);
        var older = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(5));
        lease.Renew(time.GetTimestamp(), Length);
        lease.Renew(older, Length);

        Assert.Equal(Length - Grace, lease.Remaining);
    }

    [Fact]
    public void A_lease_that_was_over_stays_over()
    {
        var lease = new Lease(Grace, time, fences.Add);
        lease.Renew(time.GetTimestamp(), Length);
        time.Advance(Length - Grace - TimeSpan.FromSeconds(1));
        var sent = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(1));

        lease.Renew(sent, Length);

        Assert.False(lease.IsLive);
        Assert.Single(fences);
    }

    [Fact]
    public void The_guard_comes_half_a_grace_after_the_lease_is_over()
    {
        var lease = new Lease(Grace, time, fences.Add);
        lease.Renew(time.GetTimestamp(), Length);
        var older = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(10));
        var newer = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(3));
        lease.Renew(newer, Length);
        lease.Renew(older, Length);

        Assert.Equal([Length - (Grace / 2), Length - (Grace / 2) - TimeSpan.FromSeconds(3)], fences);
    }

    [Fact]
    public void A_worker_that_was_frozen_while_it_renewed_its_lease_does_not_count_on_it()
    {
        var lease = new Lease(Grace, time, _ => time.Advance(TimeSpan.FromSeconds(30)));
        lease.Renew(time.GetTimestamp(), Length);
        Assert.True(lease.IsLive);

        lease.Renew(time.GetTimestamp(), Length);

        Assert.False(lease.IsLive);
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
