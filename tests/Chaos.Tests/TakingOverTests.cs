using LoadBalancer.Chaos.Judging;

namespace LoadBalancer.Chaos.Tests;

public sealed class TakingOverTests
{
    [Fact]
    public void It_lasts_from_the_end_of_the_leader_to_the_readiness_of_the_next() =>
        Assert.Equal(4.5, Single(new Lives().Leads("a", 1, 10).Leads("b", 14.5, 30).Away("a", 10, 40)).Seconds!.Value, 6);

    [Fact]
    public void An_absence_that_the_leader_got_over_is_not_its_end() =>
        Assert.Equal(3, Single(new Lives().Leads("a", 1, 20).Leads("b", 23, 30).Away("a", 5, 8).Away("a", 20, 21)).Seconds!.Value, 6);

    [Theory]
    [InlineData("postgres")]
    [InlineData("rabbitmq")]
    [InlineData("b")]
    public void It_is_counted_and_not_measured_where_more_than_the_leader_was_away(string other) =>
        Assert.Null(Single(new Lives().Leads("a", 1, 10).Leads("b", 25, 30).Away("a", 10, 40).Away(other, 9, 12)).Seconds);

    [Fact]
    public void It_is_counted_and_not_measured_where_nobody_hurt_the_leader() =>
        Assert.Null(Single(new Lives().Leads("a", 1, 10).Leads("b", 12, 30)).Seconds);

    [Theory]
    [InlineData(19.9, true)]
    [InlineData(20.1, false)]
    public void One_that_takes_more_than_ten_seconds_is_no_clean_run(double readyAt, bool isClean) =>
        Assert.Equal(isClean, new Lives().Leads("a", 1, 10).Leads("b", readyAt, 30).Away("a", 10, 40).Judged().IsClean);

    private static Takeover Single(Lives lives) => Assert.Single(lives.Judged().Takeovers);
}
