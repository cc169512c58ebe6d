namespace LoadBalancer.Placement.Tests;

/// <summary>A plain account of what a planner was told. It knows the rules only by what is promised, not by how it is done.</summary>
internal sealed class Account
{
    public Dictionary<string, WorkerProfile> Fleet { get; private init; } = [];

    public Dictionary<Guid, TestDemand> Waiting { get; } = [];

    public List<Reservation> Held { get; } = [];

    public List<TestDemand> Placed { get; } = [];

    public Dictionary<string, int> Limits { get; private init; } = [];

    public DurationModel Durations { get; } = new();

    public DateTimeOffset Now { get; set; } = Given.Noon;

    /// <summary>What waits and may be placed.</summary>
    public IEnumerable<TestDemand> Due => Waiting.Values.Where(IsDue);

    public bool IsDue(TestDemand demand) => demand.NotBefore is null || demand.NotBefore <= Now;

    public bool Holds(Guid runId, int attempt) => Held.Exists(entry => entry.RunId == runId && entry.Attempt == attempt);

    public List<Reservation> On(string workerId) => Held.FindAll(entry => entry.WorkerId == workerId);

    public bool IsFree(string key) => Held.Count(entry => entry.Keys.Contains(key)) < Limits.GetValueOrDefault(key, 1);

    public bool KeysAreFree(TestDemand demand) => demand.ConcurrencyKeys.All(IsFree);

    public List<WorkerProfile> Capable(TestDemand demand) => [.. Fleet.Values.Where(worker => Rules.IsCapable(worker, demand.Requirements))];

    /// <summary>Whether a worker that gets work could run it, and nobody has closed a key that it needs.</summary>
    public bool CouldRun(TestDemand demand) =>
        Capable(demand).Exists(worker => worker.Accepting) && !demand.ConcurrencyKeys.Any(key => Limits.GetValueOrDefault(key, 1) == 0);

    /// <summary>The capable workers without those to avoid, unless nobody else who is capable takes work.</summary>
    public List<WorkerProfile> Allowed(TestDemand demand)
    {
        var capable = Capable(demand);
        var others = capable.FindAll(worker => !demand.AvoidWorkers.Contains(worker.WorkerId));
        return others.Exists(worker => worker.Accepting) ? others : capable;
    }

    public bool HasFree(WorkerProfile worker, TestDemand demand) =>
        worker.Accepting && Rules.HasFree(worker, On(worker.WorkerId), demand.Requirements);

    /// <summary>A further attempt also avoids the workers that are known to fail more often than others when it comes.</summary>
    public TestDemand IfSubmitted(TestDemand demand) => demand.Attempt > 1
        ? demand with { AvoidWorkers = [.. demand.AvoidWorkers.Union(Durations.Failing.Noticed)] }
        : demand;

    /// <summary>As if this were not held.</summary>
    public Account Without(Reservation reservation)
    {
        var without = new Account { Fleet = Fleet, Limits = Limits };
        without.Held.AddRange(Held.Where(entry => !ReferenceEquals(entry, reservation)));
        return without;
    }

    public void Place(TestDemand demand, Reservation reservation)
    {
        Held.Add(reservation);
        Placed.Add(demand);
        Waiting.Remove(demand.RunId);
    }
}
