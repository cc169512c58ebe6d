namespace LoadBalancer.Placement;

/// <summary>Requirements, read once: ranges parsed and device amounts understood.</summary>
internal sealed class Needs
{
    private readonly HashSet<string> abilities;

    /// <exception cref="ArgumentException">An amount is negative or no number: reserving it would make capacity out of nothing.</exception>
    public Needs(Requirements requirements)
    {
        double[] amounts = [requirements.MemoryGb, requirements.CpuCores, requirements.DiskGb, requirements.AcceleratorMemoryGb];
        foreach (var amount in amounts)
        {
            if (!(amount >= 0))
                throw new ArgumentException($"A requirement of {amount} cannot be reserved.", nameof(requirements));
        }

        Requirements = requirements;
        Accelerators = [.. AcceleratorNeed.Of(requirements)];
        Software = [.. requirements.Software.Select(entry => SoftwareNeed.Of(entry.Key, entry.Value))];
        abilities = new HashSet<string>(requirements.Browsers, StringComparer.OrdinalIgnoreCase);
        abilities.UnionWith(Accelerators.Select(need => need.Type));
        abilities.UnionWith(new[] { requirements.RequiredBackend, requirements.PreferredBackend }.OfType<string>());
    }

    public Requirements Requirements { get; }

    public IReadOnlyList<AcceleratorNeed> Accelerators { get; }

    public IReadOnlyList<SoftwareNeed> Software { get; }

    /// <summary>Whether the run uses a backend, a browser or devices of this name.</summary>
    public bool Use(string ability) => abilities.Contains(ability);
}

/// <summary>So many devices of a type, each to this share (1 for whole devices).</summary>
internal sealed record AcceleratorNeed(string Type, int Devices, double Share, double MemoryGb, IReadOnlyList<string> Models)
{
    public static IEnumerable<AcceleratorNeed> Of(Requirements requirements) =>
        from entry in requirements.Accelerators
        group entry.Value by entry.Key.ToUpperInvariant() into type
        let amount = type.Sum()
        where amount > 0
        select new AcceleratorNeed(
            type.Key.ToLowerInvariant(),
            (int)Math.Min(Math.Ceiling(amount - Usage.Tolerance), int.MaxValue),
            Math.Min(amount, 1),
            requirements.AcceleratorMemoryGb,
            requirements.AcceleratorModels);

    public bool Accepts(Device device) => AcceptsModel(device) && HasMemory(device);

    public bool AcceptsModel(Device device) => Models.Count == 0 || Models.Contains(device.Model, StringComparer.OrdinalIgnoreCase);

    public bool HasMemory(Device device) => Share * device.MemoryGb + Usage.Tolerance >= MemoryGb;
}

/// <summary>A piece of software in a range of versions; a range that cannot be read is met by no version.</summary>
internal sealed record SoftwareNeed(string Name, string RangeText, VersionRange? Range)
{
    public static SoftwareNeed Of(string name, string range) =>
        new(name, range, VersionRange.TryParse(range, out var parsed, out _) ? parsed : null);

    public bool IsMetBy(RegisteredWorker worker) =>
        worker.Software.TryGetValue(Name, out var version) && Range is not null && Range.Contains(version);
}
