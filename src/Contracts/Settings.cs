using System.Text.Json.Serialization;

namespace LoadBalancer.Contracts;

/// <summary>Where a value in force comes from.</summary>
public static class SettingSources
{
    /// <summary>Set while the scheduler ran; it wins over the configuration until it is taken back.</summary>
    public const string Live = "live";

    public const string Configuration = "configuration";

    /// <summary>Nobody said anything.</summary>
    public const string Default = "default";
}

/// <summary>A policy: a name, and for <c>composite</c> its members with their weights.</summary>
public sealed record PolicyDocument
{
    public required string Type { get; init; }

    /// <summary>Only of a member: what its opinion counts against the others'.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Weight { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PolicyDocument>? Algorithms { get; init; }
}

/// <summary>Which policy places a test type.</summary>
public sealed record PolicyView
{
    /// <summary><c>default</c> for all test types that have no policy of their own.</summary>
    public required string TestType { get; init; }

    public required PolicyDocument Policy { get; init; }

    /// <summary>One of <see cref="SettingSources"/>; <c>default</c> where the test type has no policy of its own.</summary>
    public required string Source { get; init; }

    public DateTimeOffset? ChangedAt { get; init; }

    public string? ChangedBy { get; init; }
}

public sealed record PolicyList
{
    public required PolicyView Default { get; init; }

    /// <summary>Those that have a policy of their own.</summary>
    public required IReadOnlyList<PolicyView> ByTestType { get; init; }

    /// <summary>Names that can be set.</summary>
    public required IReadOnlyList<string> Known { get; init; }
}

/// <summary>A concurrency key.</summary>
public sealed record KeyView
{
    public required string Key { get; init; }

    /// <summary>How many runs may hold it at a time; 0 lets none begin.</summary>
    public required int Limit { get; init; }

    /// <summary>One of <see cref="SettingSources"/>.</summary>
    public required string Source { get; init; }

    /// <summary>Stored placements that hold it.</summary>
    public IReadOnlyList<KeyHolder> Holders { get; init; } = [];

    /// <summary>Runs that need it and are not placed.</summary>
    public int Waiting { get; init; }

    public DateTimeOffset? ChangedAt { get; init; }

    public string? ChangedBy { get; init; }
}

public sealed record KeyHolder(Guid RunId, int Attempt, string WorkerId);

public sealed record KeyPage
{
    /// <summary>By name: those with a limit of their own, and those that are held or waited for.</summary>
    public required IReadOnlyList<KeyView> Keys { get; init; }

    /// <summary>Pass as <c>after</c> to get the next page; null on the last.</summary>
    public string? Next { get; init; }
}

/// <summary>What a submitter may use against others.</summary>
public sealed record ShareView
{
    public required string Submitter { get; init; }

    /// <summary>One of weight 2 gets twice as much as one of weight 1.</summary>
    public required double Weight { get; init; }

    /// <summary>One of <see cref="SettingSources"/>.</summary>
    public required string Source { get; init; }

    public DateTimeOffset? ChangedAt { get; init; }

    public string? ChangedBy { get; init; }
}

/// <summary>The submitters that have a weight of their own; all others have 1.</summary>
public sealed record ShareList(IReadOnlyList<ShareView> Shares);
