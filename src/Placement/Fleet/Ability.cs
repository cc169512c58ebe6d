namespace LoadBalancer.Placement;

/// <summary>Something a worker can do that not all registered workers can.</summary>
/// <param name="Rarity">Share of the registered workers that cannot, from above 0 to below 1.</param>
internal abstract record Ability(double Rarity)
{
    public abstract bool IsUsedBy(Needs needs);

    /// <summary>A backend, a browser or a type of device.</summary>
    public sealed record Named(string Name, double Rarity) : Ability(Rarity)
    {
        public override bool IsUsedBy(Needs needs) => needs.Use(Name);
    }

    /// <summary>More than twice the memory of others. Who needs more than half of it uses it.</summary>
    public sealed record Memory(double Gb, double Rarity) : Ability(Rarity)
    {
        public override bool IsUsedBy(Needs needs) => needs.Requirements.MemoryGb > Gb / 2;
    }

    /// <summary>Devices with more than twice the memory of others. For who needs no device of the type, the type itself counts.</summary>
    public sealed record DeviceMemory(string Type, double Gb, double Rarity) : Ability(Rarity)
    {
        public override bool IsUsedBy(Needs needs)
        {
            var need = needs.Accelerators.FirstOrDefault(need => need.Type.Equals(Type, StringComparison.OrdinalIgnoreCase));
            return need is null || need.MemoryGb > need.Share * Gb / 2;
        }
    }
}

/// <summary>How rare each ability is among the registered workers.</summary>
internal sealed class AbilityCensus
{
    private readonly int workers;
    private readonly Dictionary<string, int> owners;
    private readonly double[] memories;
    private readonly Dictionary<string, double[]> deviceMemories;

    public AbilityCensus(IReadOnlyCollection<RegisteredWorker> fleet)
    {
        workers = fleet.Count;
        owners = fleet.SelectMany(NamesOf).CountBy(name => name, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
        memories = [.. fleet.Select(worker => worker.Profile.MemoryGb).Order()];
        deviceMemories = fleet.SelectMany(worker => worker.DeviceTypes, (worker, type) => (Type: type, Gb: LargestDevice(worker, type)))
            .GroupBy(entry => entry.Type, entry => entry.Gb, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(type => type.Key, type => type.Order().ToArray(), StringComparer.OrdinalIgnoreCase);
    }

    public IReadOnlyList<Ability> AbilitiesOf(RegisteredWorker worker)
    {
        var memory = worker.Profile.MemoryGb;
        IEnumerable<Ability> all =
        [
            .. NamesOf(worker).Select(name => new Ability.Named(name, 1 - (double)owners[name] / workers)),
            new Ability.Memory(memory, (double)CountBelow(memories, memory / 2) / workers),
            .. worker.DeviceTypes.Select(type => DeviceMemory(worker, type)),
        ];
        return [.. all.Where(ability => ability.Rarity > 0).OrderByDescending(ability => ability.Rarity)];
    }

    private Ability.DeviceMemory DeviceMemory(RegisteredWorker worker, string type)
    {
        var gb = LargestDevice(worker, type);
        var all = deviceMemories[type];
        return new Ability.DeviceMemory(type, gb, (double)CountBelow(all, gb / 2) / all.Length);
    }

    private static IEnumerable<string> NamesOf(RegisteredWorker worker) =>
        worker.Backends.Concat(worker.Browsers).Concat(worker.DeviceTypes).Distinct(StringComparer.OrdinalIgnoreCase);

    private static double LargestDevice(RegisteredWorker worker, string type) => worker.DevicesOf(type).Max(device => device.MemoryGb);

    private static int CountBelow(double[] sorted, double limit)
    {
        var low = 0;
        var high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sorted[middle] < limit)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
