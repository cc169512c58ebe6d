namespace LoadBalancer.Placement.Tests;

public sealed class ShareTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(30);

    private readonly Planner planner = Given.Planner();
    private readonly Dictionary<Guid, string> submitters = [];
    private DateTimeOffset now = Given.Noon;

    public ShareTests() => planner.Register(Given.Worker("w"));

    [Fact]
    public void Who_comes_late_with_little_does_not_wait_for_all_of_who_came_first_with_much()
    {
        Submit("much", 100);
        Run(10);
        Submit("little", 5);

        Assert.Equal(["little", "little", "little", "little", "little"], Run(5));
    }

    [Fact]
    public void Equal_shares_take_turns()
    {
        Submit("a", 50);
        Submit("b", 50);

        Assert.Equal(15, Run(30).Count(submitter => submitter == "a"));
    }

    [Fact]
    public void A_share_of_two_gets_twice_as_much()
    {
        planner.Share("large", 2);
        Submit("large", 100);
        Submit("small", 100);

        Assert.InRange(Run(60).Count(submitter => submitter == "large"), 39, 41);
    }

    [Fact]
    public void What_is_counted_is_the_time_that_was_taken_not_the_time_that_was_expected()
    {
        Submit("modest", 60);
        Submit("greedy", 60);

        // Each expects as much, but what the greedy one runs takes three times as long.
        Assert.InRange(Run(60, submitter => submitter == "greedy" ? 3 : 1).Count(submitter => submitter == "greedy"), 14, 17);
    }

    [Fact]
    public void Use_is_forgotten()
    {
        Submit("busy", 20);
        Run(20);
        now += TimeSpan.FromHours(12);
        Submit("busy", 20);
        Submit("idle", 20);

        Assert.InRange(Run(20).Count(submitter => submitter == "busy"), 9, 11);
    }

    [Fact]
    public void Long_runs_that_should_start_early_do_not_take_the_share_of_another_submitter()
    {
        for (var other = 2; other <= 16; other++)
            planner.Register(Given.Worker($"w{other}"));
        Submit("long", 50, 10 * Length);
        var first = planner.Plan(now, 100).Decisions;
        now += 5 * Length;
        Submit("short", 10);
        now += 5 * Length;
        foreach (var ended in first)
            planner.Release(ended.RunId, ended.Attempt);

        var next = planner.Plan(now, 100).Decisions;

        Assert.Equal(16, first.Count);
        Assert.Equal(10, next.Count(decision => submitters[decision.RunId] == "short"));
    }

    private void Submit(string submitter, int runs, TimeSpan? length = null)
    {
        for (var i = 0; i < runs; i++)
        {
            var demand = Given.Demand(testId: submitter + length) with { Submitter = submitter, SubmittedAt = now, ExpectedDuration = length ?? Length };
            planner.Submit(demand);
            submitters[demand.RunId] = submitter;
        }
    }

    /// <summary>Whose runs went, one after the other.</summary>
    private List<string> Run(int runs, Func<string, double>? factor = null)
    {
        var order = new List<string>();
        for (var i = 0; i < runs; i++)
        {
            var decision = Assert.Single(planner.Plan(now, 1).Decisions);
            var submitter = submitters[decision.RunId];
            now += Length * (factor?.Invoke(submitter) ?? 1);
            planner.Release(decision.RunId, decision.Attempt);
            order.Add(submitter);
        }

        return order;
    }
}
