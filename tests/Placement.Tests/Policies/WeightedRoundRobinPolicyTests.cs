namespace LoadBalancer.Placement.Tests;

public sealed class WeightedRoundRobinPolicyTests
{
    private const string Policy = PolicyNames.WeightedRoundRobin;

    [Fact]
    public void The_share_of_the_turns_is_free_slots_by_speed()
    {
        // 4 / 10 s, 2 / 10 s and 2 / 40 s: 8, 4 and 1 of 13 parts.
        var turns = Turns(1_300, turn =>
        [
            Offer.Worker("big", 10, freeSlots: 4, lastTurn: turn),
            Offer.Worker("small", 10, freeSlots: 2),
            Offer.Worker("slow", 40, freeSlots: 2),
        ]).CountBy(worker => worker).ToDictionary();

        Assert.InRange(turns["big"], 798, 802);
        Assert.InRange(turns["small"], 398, 402);
        Assert.InRange(turns["slow"], 98, 102);
    }

    [Fact]
    public void Turns_are_smooth_any_short_stretch_of_them_is_shared_by_weight()
    {
        var turns = Turns(1_000, turn => [Offer.Worker("fast", 10, lastTurn: turn), Offer.Worker("slow", 30)]);

        for (var start = 0; start + 20 <= turns.Count; start++)
            Assert.InRange(turns.Skip(start).Take(20).Count(worker => worker == "slow"), 4, 6);
    }

    /// <summary>The original drew at random, by a load that knew neither reservations nor speed.</summary>
    [Fact]
    public void What_is_reserved_on_a_worker_lowers_its_weight_and_no_seed_matters()
    {
        var first = Run(seed: 1);

        Assert.Equal(first, Run(seed: 2));
        var turns = first.CountBy(worker => worker).ToDictionary();
        Assert.InRange(turns["half"], 98, 102);
        Assert.InRange(turns["free"], 198, 202);

        static List<string> Run(int seed)
        {
            var planner = Given.Planner(new PolicySet(defaultPolicy: Policy), seed: seed);
            planner.Register(Given.Worker("half", slots: 2), Given.Worker("free", slots: 2));
            planner.Restore(Given.Reservation("half"));
            var chosen = new List<string>();
            for (var i = 0; i < 300; i++)
            {
                var run = planner.Submitted(Given.Demand());
                chosen.AddRange(planner.PlaceAll());
                planner.Release(run.RunId, run.Attempt);
            }

            return chosen;
        }
    }

    [Fact]
    public void Workers_with_one_slot_each_take_turns_as_they_fill_up()
    {
        var planner = Given.Planner(new PolicySet(defaultPolicy: Policy));
        for (var i = 0; i < 64; i++)
            planner.Register(Given.Worker($"w{i}"));
        for (var i = 0; i < 32; i++)
            planner.Submit(Given.Demand());

        var chosen = planner.PlaceAll();

        // Each quarter of the fleet gets about its quarter of the runs, not one stretch of it all of them.
        var quarters = chosen.CountBy(worker => int.Parse(worker[1..], null) / 16).Select(count => count.Value).ToList();
        Assert.Equal(4, quarters.Count);
        Assert.All(quarters, runs => Assert.InRange(runs, 5, 11));
    }

    [Fact]
    public void It_says_which_part_of_the_turns_a_worker_has()
    {
        var ranked = Offer.Of(Offer.Worker("a", 10, freeSlots: 3), Offer.Worker("b", 10)).RankedBy(Policy);

        Assert.StartsWith("its turn: ", ranked[0].Reason);
        Assert.Contains("75 % of the turns, by 3 free slots at 10 s a run", ranked.Single(entry => entry.WorkerId == "a").Reason);
        Assert.Contains("25 % of the turns, by 1 free slot at 10 s a run", ranked.Single(entry => entry.WorkerId == "b").Reason);
    }

    /// <param name="count">How many decisions.</param>
    /// <param name="offered">The candidates at a turn; one of them must have it as its last.</param>
    private static List<string> Turns(int count, Func<int, Candidate[]> offered) =>
        [.. Enumerable.Range(1, count).Select(turn => Offer.Of(offered(turn)).ChosenBy(Policy))];
}
