using System.Collections.Concurrent;

namespace LoadBalancer.Placement;

/// <summary>
/// Which policy places which test type. Changes take effect with the next decision and may come from any thread.
/// </summary>
public sealed class PolicySet
{
    private readonly Dictionary<string, IPlacementPolicy> policies;
    private readonly ConcurrentDictionary<string, Selected> byTestType = new(StringComparer.Ordinal);
    private volatile Selected fallback;

    /// <param name="registered">Policies beside the built-in ones; a name that is taken is refused.</param>
    /// <param name="defaultPolicy">Places every test type that has no policy of its own; adaptive unless it is said.</param>
    /// <exception cref="PolicySpecException">Two policies share a name, a name is none, or the default is unknown.</exception>
    public PolicySet(IEnumerable<IPlacementPolicy>? registered = null, PolicySpec? defaultPolicy = null)
    {
        policies = new Dictionary<string, IPlacementPolicy>(StringComparer.Ordinal);
        foreach (var policy in BuiltIn.Concat(registered ?? []))
        {
            PolicyJson.Name(policy.Name, "the name of a registered policy,");
            if (policy.Name == PolicyNames.Composite || !policies.TryAdd(policy.Name, policy))
                throw new PolicySpecException($"Two placement policies are named '{policy.Name}'.");
        }

        Names = [.. policies.Keys.Append(PolicyNames.Composite).Order(StringComparer.Ordinal)];
        fallback = Select(defaultPolicy ?? PolicyNames.Adaptive);
    }

    /// <summary>The policy for test types without their own.</summary>
    /// <exception cref="PolicySpecException">Set to an unknown one; the message lists the known ones.</exception>
    public PolicySpec Default
    {
        get => fallback.Spec;
        set => fallback = Select(value);
    }

    /// <summary>All that can be selected, in alphabetical order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Test type to policy, where a type has its own.</summary>
    public IReadOnlyDictionary<string, PolicySpec> ByTestType => byTestType.ToDictionary(entry => entry.Key, entry => entry.Value.Spec);

    private static IReadOnlyList<IPlacementPolicy> BuiltIn { get; } =
    [
        new AdaptivePolicy(),
        new AffinityBasedPolicy(),
        new PerformanceBasedPolicy(),
        new PriorityBasedPolicy(),
        new RoundRobinPolicy(),
        new WeightedRoundRobinPolicy(),
    ];

    /// <summary>Places this test type by this policy from now on.</summary>
    /// <exception cref="PolicySpecException">The policy or a member is unknown; the message lists the known ones.</exception>
    public void Use(string testType, PolicySpec policy) => byTestType[testType] = Select(policy);

    /// <summary>Places this test type by the default again.</summary>
    public bool UseDefault(string testType) => byTestType.TryRemove(testType, out _);

    /// <summary>Whether this could be used.</summary>
    /// <exception cref="PolicySpecException">The policy or a member is unknown; the message lists the known ones.</exception>
    public void Check(PolicySpec policy) => Select(policy);

    internal IPlacementPolicy For(string testType) => byTestType.GetValueOrDefault(testType, fallback).Policy;

    /// <summary>One that was made in code is held to what is read strictly.</summary>
    private Selected Select(PolicySpec spec) => new(spec, Find(PolicySpec.Parse(spec.ToJson())));

    private IPlacementPolicy Find(PolicySpec spec) => spec.Type == PolicyNames.Composite
        ? new CompositePolicy([.. spec.Algorithms.Select(member => (Find(member.Policy), member.Weight))])
        : policies.GetValueOrDefault(spec.Type)
            ?? throw new PolicySpecException($"Unknown placement policy '{spec.Type}'; known are: {string.Join(", ", Names)}.");

    private sealed record Selected(PolicySpec Spec, IPlacementPolicy Policy);
}
