namespace LoadBalancer.Placement;

/// <summary>The registered workers, and which of them could take something now.</summary>
internal sealed class Fleet
{
    private readonly Dictionary<string, RegisteredWorker> byId = new(StringComparer.Ordinal);
    private readonly List<RegisteredWorker?> byIndex = [];
    private readonly SortedSet<int> vacant = [];
    private bool abilitiesAreCurrent = true;

    public int Count => byId.Count;

    /// <summary>In the order in which they registered, as far as nobody left.</summary>
    public IEnumerable<RegisteredWorker> Workers => byIndex.OfType<RegisteredWorker>();

    /// <summary>Those that get new work.</summary>
    public WorkerSet Accepting { get; } = new();

    /// <summary>Those that get new work and have a slot free: nobody else needs to be looked at.</summary>
    public WorkerSet Open { get; } = new();

    /// <summary>Open ones on which nothing runs.</summary>
    public WorkerSet Idle { get; } = new();

    public WorkerKinds Kinds { get; } = new();

    /// <summary>Changes with every worker that joins, leaves or registers anew.</summary>
    public int Version { get; private set; }

    public RegisteredWorker this[int index] => byIndex[index]!;

    public RegisteredWorker? Find(string workerId) => byId.GetValueOrDefault(workerId);

    /// <summary>Adds a worker, or replaces what is known of it; its place and its turns stay.</summary>
    public RegisteredWorker Put(WorkerProfile profile, Usage used)
    {
        var known = Find(profile.WorkerId);
        var index = known?.Index ?? TakeIndex();
        var worker = known is null
            ? new RegisteredWorker(profile, index) { Used = used }
            : new RegisteredWorker(profile, index) { Used = used, Turns = known.Turns };
        if (known is not null)
            Kinds.Leave(known);

        byIndex[index] = null;
        Kinds.Enter(worker, Workers);
        byId[profile.WorkerId] = worker;
        byIndex[index] = worker;
        Changed();
        Sort(worker);
        return worker;
    }

    public RegisteredWorker? Remove(string workerId)
    {
        if (!byId.Remove(workerId, out var worker))
            return null;

        Kinds.Leave(worker);
        byIndex[worker.Index] = null;
        vacant.Add(worker.Index);
        Accepting.Set(worker.Index, false);
        Open.Set(worker.Index, false);
        Idle.Set(worker.Index, false);
        Changed();
        return worker;
    }

    /// <summary>Notes what is now reserved on a worker; one that is not registered does not matter here.</summary>
    public void Use(string workerId, Usage used)
    {
        if (Find(workerId) is not { } worker)
            return;

        Kinds.Count(worker, -1);
        worker.Used = used;
        Kinds.Count(worker, +1);
        Sort(worker);
    }

    /// <summary>How well a run suits a worker.</summary>
    public Fit FitOf(Needs needs, RegisteredWorker worker)
    {
        RefreshAbilities();
        var scarcity = 0.0;
        foreach (var ability in worker.Abilities)
        {
            if (ability.IsUsedBy(needs))
                continue;

            scarcity = ability.Rarity;
            break;
        }

        return new Fit(scarcity, worker.Load);
    }

    private void Changed()
    {
        abilitiesAreCurrent = false;
        Version++;
    }

    private void RefreshAbilities()
    {
        if (abilitiesAreCurrent)
            return;

        var census = new AbilityCensus(byId.Values);
        foreach (var worker in byId.Values)
            worker.Abilities = census.AbilitiesOf(worker);

        abilitiesAreCurrent = true;
    }

    private int TakeIndex()
    {
        if (vacant.Count == 0)
        {
            byIndex.Add(null);
            return byIndex.Count - 1;
        }

        var index = vacant.Min;
        vacant.Remove(index);
        return index;
    }

    private void Sort(RegisteredWorker worker)
    {
        Accepting.Set(worker.Index, worker.Profile.Accepting);
        Open.Set(worker.Index, worker.IsOpen);
        Idle.Set(worker.Index, worker.IsOpen && worker.Used.Slots == 0);
    }
}
