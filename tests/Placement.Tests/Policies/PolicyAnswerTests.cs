namespace LoadBalancer.Placement.Tests;

/// <summary>What is believed of a policy that would rather wait for a busy worker.</summary>
public sealed class PolicyAnswerTests
{
    private static readonly PlacementContext Offered = Offer.Of(Offer.Worker("free")) with
    {
        Later = [new LaterCandidate(Given.Worker("busy"), Given.Noon.AddSeconds(5), Offer.Worker("busy", 10).Predicted)],
    };

    [Fact]
    public void A_run_may_wait_for_a_worker_that_was_offered_as_free_later()
    {
        var answer = Of(new LaterWorker("busy", new string('x', 5000)));

        Assert.Equal("busy", answer.WaitFor!.WorkerId);
        Assert.Equal(200, answer.WaitFor.Reason.Length);
        Assert.Null(answer.Chosen);
    }

    [Theory]
    [InlineData("stranger", "why", "it would wait for worker 'stranger', which was not offered")]
    [InlineData("free", "why", "it would wait for worker 'free', which was not offered")]
    [InlineData(null, "why", "it left out for whom to wait, or why")]
    [InlineData("busy", null, "it left out for whom to wait, or why")]
    public void For_nobody_else_and_not_without_a_reason(string? worker, string? reason, string problem) =>
        Assert.Equal(problem, Assert.Throws<PolicyException>(() => Of(new LaterWorker(worker!, reason!))).Message);

    [Fact]
    public void A_member_of_a_composite_that_would_wait_has_no_say()
    {
        var patient = new UsersPolicy("patient", _ => new PolicyChoice([]) { WaitFor = new LaterWorker("busy", "why") });
        var offered = Offered with { Candidates = [Offer.Worker("slow", 20), Offer.Worker("fast", 10)] };

        var ranked = offered.RankedBy("""{"type": "composite", "algorithms": [{"type": "patient", "weight": 9}, "performance_based"]}""", patient);

        Assert.Equal("fast", ranked[0].WorkerId);
    }

    /// <summary>One that can start the run at once is what this policy asks for.</summary>
    [Fact]
    public void Only_adaptive_waits_by_itself()
    {
        var offered = Offered with { Candidates = [Offer.Worker("free", 1_000)] };
        var waiting = new PolicySet().Names
            .Select(name => name == PolicyNames.Composite ? PolicySpecTests.Documented : name)
            .Where(policy => new PolicySet(defaultPolicy: PolicySpec.Parse(policy)).For("").Choose(offered).WaitFor is not null);

        Assert.Equal([PolicyNames.Adaptive], waiting);
    }

    private static PolicyAnswer Of(LaterWorker later) =>
        PolicyAnswer.Of(new UsersPolicy("patient", _ => new PolicyChoice([]) { WaitFor = later }), Offered);
}
