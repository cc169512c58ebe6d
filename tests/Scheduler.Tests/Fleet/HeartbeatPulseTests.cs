using LoadBalancer.Scheduler.Fleet;

namespace LoadBalancer.Scheduler.Tests.Fleet;

public sealed class HeartbeatPulseTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly HeartbeatPulse pulse = new();

    [Fact]
    public void What_is_read_in_time_moves_the_leases_clock_and_is_no_outage()
    {
        Read(Start, Start);
        Assert.False(pulse.EndsOutage(At(1), At(1.1)));
        Read(At(1), At(1.1));

        Assert.Equal(At(1), pulse.ReadUpTo);
    }

    [Fact]
    public void The_first_one_ends_an_outage_since_nobody_led_before() => Assert.True(pulse.EndsOutage(Start, Start));

    [Theory]
    [InlineData(1, 5)]
    [InlineData(4.5, 5)]
    public void A_gap_and_a_queue_that_waits_are_outages(double sentAt, double readAt)
    {
        Read(Start, Start);

        Assert.True(pulse.EndsOutage(At(sentAt), At(readAt)));
    }

    [Fact]
    public void An_older_one_does_not_move_the_clock_back()
    {
        Read(At(2), At(2));
        Read(At(1), At(2.1));

        Assert.Equal(At(2), pulse.ReadUpTo);
    }

    [Fact]
    public void A_clock_that_is_set_back_begins_anew_and_never_reads_the_future()
    {
        Read(At(3600), At(3600));

        Assert.True(pulse.EndsOutage(At(3600), At(1)));
        Read(At(3600), At(1));
        Assert.Equal(At(1), pulse.ReadUpTo);
    }

    [Fact]
    public void A_pulse_carries_its_time_and_one_of_another_process_says_nothing()
    {
        var now = At(5);

        Assert.Equal(now, pulse.SentAt(pulse.Next(now)));
        Assert.Null(new HeartbeatPulse().SentAt(pulse.Next(now)));
        Assert.Null(pulse.SentAt(pulse.Next(now) with { Sequence = long.MaxValue }));
        Assert.NotNull(WorkerIds.Problem(pulse.Next(now).WorkerId));
    }

    private static DateTimeOffset At(double seconds) => Start + TimeSpan.FromSeconds(seconds);

    private void Read(DateTimeOffset sentAt, DateTimeOffset now) => pulse.Read(sentAt, now);
}
