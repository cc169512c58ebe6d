using System.Globalization;
using System.Text;

namespace LoadBalancer.Placement;

/// <summary>Requirements, read once: ranges parsed, device amounts understood, and a key that is equal for equal requirements.</summary>
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
        Key = KeyOf(requirements);
        Accelerators = [.. AcceleratorNeed.Of(requirements)];
        Software = [.. requirements.Software.Select(entry => SoftwareNeed.Of(entry.Key, entry.Value))];
        abilities = new HashSet<string>(requirements.Browsers, StringComparer.OrdinalIgnoreCase);
        abilities.UnionWith(Accelerators.Select(need => need.Type));
        abilities.UnionWith(new[] { requirements.RequiredBackend, requirements.PreferredBackend }.OfType<string>());
    }

    public Requirements Requirements { get; }

    public string Key { get; }

    public IReadOnlyList<AcceleratorNeed> Accelerators { get; }

    public IReadOnlyList<SoftwareNeed> Software { get; }

    /// <summary>Whether the run uses a backend, a browser or devices of this name.</summary>
    public bool Use(string ability) => abilities.Contains(ability);

    /// <summary>Every text carries its length, so that no two different requirements have the same key, whatever they contain.</summary>
    public static string KeyOf(Requirements requirements)
    {
        var key = new StringBuilder(96);
        key.Append(CultureInfo.InvariantCulture, $"{requirements.MemoryGb};{requirements.CpuCores};{requirements.DiskGb};");
        key.Append(CultureInfo.InvariantCulture, $"{requirements.AcceleratorMemoryGb};");
        Append([requirements.RequiredBackend ?? "", requirements.PreferredBackend ?? ""]);
        Append(requirements.AcceleratorModels);
        Append(requirements.Browsers);
        AppendPairs(requirements.Accelerators);
        AppendPairs(requirements.Software);
        AppendPairs(requirements.Labels);
        return key.ToString();

        void Append(IReadOnlyList<string> texts)
        {
            key.Append(CultureInfo.InvariantCulture, $"[{texts.Count}");
            foreach (var text in texts)
                key.Append(CultureInfo.InvariantCulture, $":{text.Length}:{text}");
        }

        void AppendPairs<T>(IReadOnlyDictionary<string, T> pairs)
        {
            key.Append(CultureInfo.InvariantCulture, $"[{pairs.Count}");
            if (pairs.Count == 0)
                return;

            foreach (var (name, value) in pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
                key.Append(CultureInfo.InvariantCulture, $":{name.Length}:{name}:{text.Length}:{text}");
            }
        }
    }
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
