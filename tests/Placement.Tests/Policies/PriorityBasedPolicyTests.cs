namespace LoadBalancer.Placement.Tests;

public sealed class PriorityBasedPolicyTests
{
    private const string Policy = PolicyNames.PriorityBased;

    private static readonly PlacementContext FastAndSlow = Offer.Of(Offer.Worker("fast", 10), Offer.Worker("slow", 30));

    [Theory]
    [InlineData(1, "fast")]
    [InlineData(2, "fast")]
    [InlineData(3, "fast")]
    [InlineData(4, "slow")]
    [InlineData(5, "slow")]
    public void Who_matters_gets_the_faster_worker(int priority, string chosen) =>
        Assert.Equal(chosen, FastAndSlow.WithPriority(priority).ChosenBy(Policy));

    [Theory]
    [InlineData(1, 0, 10)]
    [InlineData(3, 10, 20)]
    [InlineData(4, 30, 40)]
    [InlineData(5, 40, 50)]
    public void What_others_lose_by_the_faster_worker_counts_by_priority(int priority, double others, double sum)
    {
        var fast = FastAndSlow.WithPriority(priority).RankedBy(Policy).Single(entry => entry.WorkerId == "fast");

        Assert.Equal(others, fast.Score.GetValueOrDefault("others"));
        Assert.Equal(sum, fast.Score.Values.Sum());
    }

    [Fact]
    public void An_unimportant_run_is_not_sent_where_it_would_take_for_ever() =>
        Assert.Equal("fast", Offer.Of(Offer.Worker("fast", 10), Offer.Worker("snail", 1_000)).WithPriority(5).ChosenBy(Policy));

    [Fact]
    public void An_unimportant_run_leaves_the_dearest_worker_to_others()
    {
        var offered = Offer.Of(Offer.Worker("dear", 20, price: 3), Offer.Worker("cheap", 20, price: 0.5));

        Assert.Equal("cheap", offered.WithPriority(4).ChosenBy(Policy));
        var dear = offered.WithPriority(5).RankedBy(Policy)[1];
        Assert.Equal(2 * 20 * (3 - 0.5), dear.Score["others"]);
    }

    [Fact]
    public void An_important_run_does_not_ask_for_the_price() =>
        Assert.Equal("dear", Offer.Of(Offer.Worker("dear", 10, price: 9), Offer.Worker("cheap", 11, price: 0.1)).WithPriority(2).ChosenBy(Policy));

    [Fact]
    public void Of_equally_fast_workers_the_least_able_is_taken_whatever_the_priority()
    {
        foreach (var priority in Enumerable.Range(1, 5))
            Assert.Equal("plain", Offer.Of(Offer.Worker("able", scarcity: 0.9), Offer.Worker("plain")).WithPriority(priority).ChosenBy(Policy));
    }

    [Fact]
    public void Failures_and_preparation_count_for_everybody() =>
        Assert.Equal(
            ["warm", "cold", "failing"],
            Offer.Of(Offer.Worker("failing", 10, failing: 0.9), Offer.Worker("cold", 10), Offer.Worker("warm", 12, saved: 5))
                .WithPriority(1).RankedBy(Policy).Select(entry => entry.WorkerId));

    /// <summary>In the original, priority chose a worker but nothing was left of it for who runs first.</summary>
    [Fact]
    public void Who_goes_first_is_decided_by_the_order_of_what_waits()
    {
        var planner = Given.Planner(new PolicySet(defaultPolicy: Policy));
        planner.Register(Given.Worker("w"));
        planner.Submit(Given.Demand(priority: 5));
        var urgent = planner.Submitted(Given.Demand(priority: 1));

        Assert.Equal(urgent.RunId, Assert.Single(planner.Plan(Given.Noon, 10).Decisions).RunId);
    }

    [Theory]
    [InlineData(1, "priority 1 goes where it ends first: 10 s here")]
    [InlineData(3, "priority 3 weighs its own 10 s here against what others lose")]
    [InlineData(5, "priority 5 leaves the better workers to others: 30 s here")]
    public void It_says_what_the_priority_did(int priority, string reason) =>
        Assert.Equal(reason, FastAndSlow.WithPriority(priority).RankedBy(Policy)[0].Reason);
}
