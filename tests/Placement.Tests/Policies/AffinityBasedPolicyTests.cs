namespace LoadBalancer.Placement.Tests;

public sealed class AffinityBasedPolicyTests
{
    private const string Policy = PolicyNames.AffinityBased;

    [Fact]
    public void A_run_goes_where_it_is_prepared()
    {
        var ranked = Offer.Of(Offer.Worker("cold"), Offer.Worker("warm", saved: 5)).RankedBy(Policy);

        Assert.Equal("warm", ranked[0].WorkerId);
        Assert.Equal("prepared for it, which saves 5 s; 0 % loaded", ranked[0].Reason);
        Assert.Equal(5, ranked[1].Score["prepare"]);
    }

    /// <summary>The original measured no benefit.</summary>
    [Theory]
    [InlineData(15, "cold")]
    [InlineData(25, "warm")]
    public void Only_if_that_saves_more_than_the_worker_is_slower(double saved, string chosen)
    {
        var offered = Offer.Of(Offer.Worker("cold", 10), Offer.Worker("warm", 30, saved: saved));

        Assert.Equal(chosen, offered.ChosenBy(Policy));
        Assert.Equal(20, offered.RankedBy(Policy).Single(entry => entry.WorkerId == "warm").Score["slower"]);
    }

    /// <summary>The original stuck to a worker whatever its load.</summary>
    [Theory]
    [InlineData(0.7, "warm")]
    [InlineData(0.8, "cold")]
    public void A_worker_that_is_nearly_full_is_left_for_one_that_must_prepare(double load, string chosen)
    {
        // Preparing costs 30 s and the run takes 10 s: from 30 / (30 + 10) of its load on the prepared worker loses more.
        var offered = Offer.Of(Offer.Worker("cold", 10), Offer.Worker("warm", 10, saved: 30, load: load));

        Assert.Equal(chosen, offered.ChosenBy(Policy));
    }

    [Fact]
    public void Where_nobody_is_prepared_the_least_loaded_is_taken()
    {
        var ranked = Offer.Of(Offer.Worker("fast", 10, load: 0.5), Offer.Worker("idle", 12), Offer.Worker("busy", 10, load: 0.9)).RankedBy(Policy);

        Assert.Equal(["idle", "fast", "busy"], ranked.Select(entry => entry.WorkerId));
        Assert.Equal("0 % loaded, not prepared for it", ranked[0].Reason);
    }

    [Fact]
    public void Of_equally_loaded_workers_the_faster_is_taken() =>
        Assert.Equal("fast", Offer.Of(Offer.Worker("slow", 20), Offer.Worker("fast", 10)).ChosenBy(Policy));

    /// <summary>In the original an idle fleet sent everything to the worker that was registered first.</summary>
    [Fact]
    public void Runs_of_one_model_are_not_piled_on_one_worker()
    {
        const int Slots = 8;
        var runsOn = new Dictionary<string, int> { ["w1"] = 0, ["w2"] = 0, ["w3"] = 0 };
        var prepared = new HashSet<string>();

        // Whoever has run it once has its model from then on, and saves three times what the run itself takes.
        for (var run = 0; run < 2 * Slots; run++)
        {
            var chosen = Offer.Of([.. runsOn.Where(worker => worker.Value < Slots).Select(worker => Offer.Worker(
                worker.Key, 10, load: (double)worker.Value / Slots, saved: prepared.Contains(worker.Key) ? 30 : 0))]).ChosenBy(Policy);
            runsOn[chosen]++;
            prepared.Add(chosen);
        }

        Assert.All(runsOn.Values, runs => Assert.InRange(runs, 2, 7));
    }

    /// <summary>The original's memory of who ran what never shrank.</summary>
    [Fact]
    public void It_remembers_nothing()
    {
        var policies = new PolicySet(defaultPolicy: Policy);
        var policy = policies.For("");
        policy.Choose(Offer.Of(Offer.Worker("w1", saved: 9), Offer.Worker("w2")));

        Assert.Equal("w2", policy.Choose(Offer.Of(Offer.Worker("w1", load: 0.1), Offer.Worker("w2"))).Ranked[0].WorkerId);
    }
}
