using System.Text.Json;

namespace LoadBalancer.Placement;

/// <summary>Which policy, as people write it: a name, or for <c>composite</c> also its members with their weights.</summary>
/// <param name="Type">Name of the policy.</param>
/// <param name="Algorithms">The members of a composite; empty for every other policy.</param>
public sealed record PolicySpec(string Type, IReadOnlyList<WeightedPolicy> Algorithms)
{
    /// <summary>Speed first, then what the priority asks for, then a warm worker: what <c>composite</c> means without members.</summary>
    public static PolicySpec UsualComposite { get; } = new(PolicyNames.Composite,
    [
        new WeightedPolicy(new PolicySpec(PolicyNames.PerformanceBased, []), 0.6),
        new WeightedPolicy(new PolicySpec(PolicyNames.PriorityBased, []), 0.3),
        new WeightedPolicy(new PolicySpec(PolicyNames.AffinityBased, []), 0.1),
    ]);

    /// <summary>A policy by its name; <c>composite</c> has its usual members.</summary>
    public static PolicySpec Named(string type) => type == PolicyNames.Composite ? UsualComposite : new PolicySpec(type, []);

    /// <summary>As <see cref="Named"/>.</summary>
    public static implicit operator PolicySpec(string type) => Named(type);

    /// <summary>Reads a name, or JSON as <see cref="Read"/> does.</summary>
    /// <exception cref="PolicySpecException">It has not that form.</exception>
    public static PolicySpec Parse(string text)
    {
        var trimmed = text.Trim();
        if (!trimmed.StartsWith('{') && !trimmed.StartsWith('"'))
            return PolicyJson.Alone(trimmed);

        try
        {
            using var document = JsonDocument.Parse(trimmed);
            return Read(document.RootElement);
        }
        catch (JsonException unreadable)
        {
            throw new PolicySpecException($"a policy is a name or a JSON object with 'type'; this is no JSON: {unreadable.Message}");
        }
    }

    /// <summary>
    /// Reads a name, or <c>{ "type": NAME }</c>, or <c>{ "type": "composite", "algorithms": [{ "type": NAME, "weight": 0.6 }, …] }</c>
    /// with composites among the members. Whether there is a policy of that name is not checked here.
    /// </summary>
    /// <exception cref="PolicySpecException">It has not that form; the message names the field and the value.</exception>
    public static PolicySpec Read(JsonElement json) => PolicyJson.Read(json, "", depth: 0);

    /// <summary>The form that <see cref="Read"/> reads.</summary>
    public string ToJson() => PolicyJson.Write(this);

    /// <summary>The shortest form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => Algorithms.Count == 0 ? Type : ToJson();
}

/// <summary>A member of a composite.</summary>
/// <param name="Policy">What it prefers.</param>
/// <param name="Weight">How much that counts against the other members; not negative.</param>
public sealed record WeightedPolicy(PolicySpec Policy, double Weight);

/// <summary>That is no policy, or none that is known here; the message is a sentence with the field and the value.</summary>
public sealed class PolicySpecException(string message) : Exception(message);
