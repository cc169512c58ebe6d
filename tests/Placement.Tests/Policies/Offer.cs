namespace LoadBalancer.Placement.Tests;

/// <summary>What a planner would offer to a policy; a test names only what it is about.</summary>
internal static class Offer
{
    public static Candidate Worker(
        string id,
        double seconds = 60,
        double spread = 0.5,
        double load = 0,
        double saved = 0,
        double failing = 0,
        double price = 1,
        double scarcity = 0,
        int freeSlots = 1,
        long lastTurn = 0)
    {
        var profile = Given.Worker(id, Math.Max(freeSlots, 1));
        return new Candidate(
            profile,
            new FreeCapacity(freeSlots, profile.MemoryGb, profile.CpuCores, profile.DiskGb),
            new Fit(scarcity, load),
            new DurationForecast(Math.Log(seconds), spread, 10),
            lastTurn)
        {
            Price = price,
            Saved = TimeSpan.FromSeconds(saved),
            FailureExcess = failing,
        };
    }

    public static PlacementContext Of(params Candidate[] candidates) => new(Given.Demand(), candidates, new Random(1), Given.Noon);

    public static PlacementContext WithPriority(this PlacementContext context, int priority) =>
        context with { Demand = context.Demand with { Priority = priority } };

    /// <summary>The answer of the policy of this name or JSON, best first.</summary>
    public static IReadOnlyList<RankedWorker> RankedBy(this PlacementContext context, string policy, params IPlacementPolicy[] registered) =>
        new PolicySet(registered, PolicySpec.Parse(policy)).For("").Choose(context).Ranked;

    public static string ChosenBy(this PlacementContext context, string policy) => context.RankedBy(policy)[0].WorkerId;
}

/// <summary>A policy that a user has written.</summary>
internal sealed class UsersPolicy(string name, Func<PlacementContext, PolicyChoice> choose) : IPlacementPolicy
{
    public string Name => name;

    public PolicyChoice Choose(PlacementContext context) => choose(context);

    public static PolicyChoice Only(string workerId, double seconds = 1) =>
        new([new RankedWorker(workerId, new Dictionary<string, double> { ["part"] = seconds }, "mine")]);

    /// <summary>Ranks the candidates in the order of the list, or from its end.</summary>
    public static UsersPolicy InOrder(string name, bool fromTheEnd = false) => new(name, context =>
    {
        var candidates = fromTheEnd ? context.Candidates.Reverse() : context.Candidates;
        return new PolicyChoice([.. candidates.Select(candidate =>
            new RankedWorker(candidate.Worker.WorkerId, new Dictionary<string, double>(), "in order"))]);
    });
}
