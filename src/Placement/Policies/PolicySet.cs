using System.Collections.Concurrent;

namespace LoadBalancer.Placement;

/// <summary>
/// Which policy places which test type. Changes take effect with the next decision and may come from any thread.
/// </summary>
public sealed class PolicySet
{
    private readonly Dictionary<string, IPlacementPolicy> policies;
    private readonly ConcurrentDictionary<string, IPlacementPolicy> byTestType = new(StringComparer.Ordinal);
    private volatile IPlacementPolicy fallback;

    /// <param name="registered">Policies beside the built-in ones; a name that is taken is refused.</param>
    /// <param name="defaultPolicy">Places every test type that has no policy of its own.</param>
    /// <exception cref="ArgumentException">Two policies share a name, or the default is unknown.</exception>
    public PolicySet(IEnumerable<IPlacementPolicy>? registered = null, string defaultPolicy = PolicyNames.Adaptive)
    {
        policies = new Dictionary<string, IPlacementPolicy>(StringComparer.Ordinal);
        foreach (var policy in BuiltIn.Concat(registered ?? []))
        {
            if (!policies.TryAdd(policy.Name, policy))
                throw new ArgumentException($"Two placement policies are named '{policy.Name}'.", nameof(registered));
        }

        fallback = Find(defaultPolicy);
    }

    /// <summary>Name of the policy for test types without their own.</summary>
    /// <exception cref="ArgumentException">Set to an unknown name.</exception>
    public string Default
    {
        get => fallback.Name;
        set => fallback = Find(value);
    }

    /// <summary>All that can be selected, in alphabetical order.</summary>
    public IReadOnlyList<string> Names => [.. policies.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Test type to policy name, where a type has its own.</summary>
    public IReadOnlyDictionary<string, string> ByTestType => byTestType.ToDictionary(entry => entry.Key, entry => entry.Value.Name);

    internal static IReadOnlyList<IPlacementPolicy> BuiltIn { get; } = [new AdaptivePolicy(), new RoundRobinPolicy()];

    /// <summary>Places this test type by this policy from now on.</summary>
    /// <exception cref="ArgumentException">The policy is unknown; the message lists the known ones.</exception>
    public void Use(string testType, string policy) => byTestType[testType] = Find(policy);

    /// <summary>Places this test type by the default again.</summary>
    public bool UseDefault(string testType) => byTestType.TryRemove(testType, out _);

    internal IPlacementPolicy For(string testType) => byTestType.GetValueOrDefault(testType, fallback);

    private IPlacementPolicy Find(string name) =>
        policies.TryGetValue(name, out var policy)
            ? policy
            : throw new ArgumentException($"Unknown placement policy '{name}'; known are: {string.Join(", ", Names)}.", nameof(name));
}
