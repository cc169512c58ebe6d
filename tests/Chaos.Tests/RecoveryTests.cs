namespace LoadBalancer.Chaos.Tests;

public sealed class RecoveryTests
{
    [Fact]
    public void It_lasts_from_the_answer_to_the_first_start_of_a_new_test() => Assert.Equal(
        4, new Lives().Asked(1, confirmedAt: 5).Away("rabbitmq", 2, 10).Ran(1, 14, 15).Judged().RecoverySecondsMax, 6);

    [Fact]
    public void A_repeated_test_is_no_sign_of_recovery() => Assert.Equal(
        5,
        new Lives()
            .Asked(1).Ran(1, 1, 2, killed: true).Ran(1, 11, 12, attempt: 2)
            .Asked(2).Ran(2, 15, 16)
            .Away("rabbitmq", 2, 10).Judged().RecoverySecondsMax,
        6);

    [Fact]
    public void Nothing_is_measured_when_nothing_waits_that_any_worker_could_take() => Assert.Equal(
        0,
        new Lives()
            .Asked(1, confirmedAt: 11).Ran(1, 14, 15)
            .Asked(2, keys: ["k"]).Ran(2, 20, 21)
            .Away("postgres", 2, 10).Judged().RecoverySecondsMax);

    [Fact]
    public void What_never_started_counts_until_watching_ended() => Assert.Equal(
        90, new Lives().Asked(1).Away("scheduler", 2, 10).Judged(watchedUntil: 100).RecoverySecondsMax, 6);

    [Fact]
    public void An_outage_within_another_is_measured_from_the_end_of_the_last() => Assert.Equal(
        2, new Lives().Asked(1).Away("scheduler", 2, 10).Away("postgres", 9, 12).Ran(1, 14, 15).Judged().RecoverySecondsMax, 6);

    [Fact]
    public void The_next_outage_ends_the_measurement() => Assert.Equal(
        7, new Lives().Asked(1).Away("scheduler", 2, 10).Away("postgres", 17, 18).Ran(1, 19, 20).Judged().RecoverySecondsMax, 6);
}
