namespace LoadBalancer.Placement;

/// <summary>Requirements are equal if they ask for the same: their lists in order, their dictionaries in any.</summary>
internal sealed class SameRequirements : IEqualityComparer<Requirements>
{
    public static SameRequirements Comparer { get; } = new();

    public bool Equals(Requirements? left, Requirements? right)
    {
        if (ReferenceEquals(left, right))
            return true;

        return left is not null && right is not null
            && left.MemoryGb.Equals(right.MemoryGb)
            && left.CpuCores.Equals(right.CpuCores)
            && left.DiskGb.Equals(right.DiskGb)
            && left.AcceleratorMemoryGb.Equals(right.AcceleratorMemoryGb)
            && (left.RequiredBackend ?? "") == (right.RequiredBackend ?? "")
            && (left.PreferredBackend ?? "") == (right.PreferredBackend ?? "")
            && Same(left.AcceleratorModels, right.AcceleratorModels)
            && Same(left.Browsers, right.Browsers)
            && Same(left.Accelerators, right.Accelerators)
            && Same(left.Software, right.Software)
            && Same(left.Labels, right.Labels);
    }

    public int GetHashCode(Requirements requirements)
    {
        var hash = new HashCode();
        hash.Add(requirements.MemoryGb);
        hash.Add(requirements.CpuCores);
        hash.Add(requirements.RequiredBackend ?? "");
        hash.Add(requirements.AcceleratorModels.Count);
        hash.Add(requirements.Browsers.Count);
        hash.Add(HashOf(requirements.Accelerators));
        hash.Add(HashOf(requirements.Software));
        hash.Add(HashOf(requirements.Labels));
        return hash.ToHashCode();
    }

    private static bool Same(IReadOnlyList<string> left, IReadOnlyList<string> right)
    {
        if (left.Count != right.Count)
            return false;

        for (var i = 0; i < left.Count; i++)
        {
            if (left[i] != right[i])
                return false;
        }

        return true;
    }

    private static bool Same<T>(IReadOnlyDictionary<string, T> left, IReadOnlyDictionary<string, T> right)
    {
        if (left.Count != right.Count)
            return false;

        if (left.Count == 0)
            return true;

        foreach (var (name, value) in left)
        {
            if (!right.TryGetValue(name, out var other) || !EqualityComparer<T>.Default.Equals(value, other))
                return false;
        }

        return true;
    }

    /// <summary>A sum, so that the order does not matter.</summary>
    private static int HashOf<T>(IReadOnlyDictionary<string, T> entries)
    {
        var sum = entries.Count;
        if (sum == 0)
            return 0;

        foreach (var (name, value) in entries)
            sum = unchecked(sum + HashCode.Combine(name, value));

        return sum;
    }
}
