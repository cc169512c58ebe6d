using System.Globalization;
using System.Text.Json.Nodes;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Submissions;

namespace LoadBalancer.Scheduler;

/// <summary>
/// Section <c>Policies</c>: which policy chooses, by test type. Each is a name, or an object as <see cref="PolicySpec.Read"/> takes it;
/// where a setting is one text, as an environment variable is, that object may be written as JSON.
/// </summary>
internal sealed record PolicyOptions
{
    public const string Section = "Policies";

    /// <summary>Stands for the default where a test type is named. No test type of this name has a policy of its own.</summary>
    public const string DefaultName = "default";

    public PolicySpec Default { get; init; } = PolicyNames.Adaptive;

    public IReadOnlyDictionary<string, PolicySpec> ByTestType { get; init; } = new Dictionary<string, PolicySpec>();

    /// <summary>Whether this is a test type that can have a policy of its own.</summary>
    public static bool IsOwner(string testType) => testType.Length > 0 && testType != DefaultName && SubmissionRules.IsTestType(testType);

    /// <summary>Reads the section; what cannot be read is added to the problems, by its name.</summary>
    public static PolicyOptions Read(IConfiguration configuration, List<string> problems)
    {
        var byTestType = new Dictionary<string, PolicySpec>(StringComparer.Ordinal);
        PolicySpec? fallback = null;
        foreach (var setting in configuration.GetSection(Section).GetChildren())
        {
            if (Is(setting, nameof(Default)))
                fallback = Read(setting, problems);
            else if (Is(setting, nameof(ByTestType)))
                ReadByTestType(setting, byTestType, problems);
            else
                problems.Add($"{setting.Path} is unknown; {Section} has {nameof(Default)} and {nameof(ByTestType)}");
        }

        return new PolicyOptions { Default = fallback ?? PolicyNames.Adaptive, ByTestType = byTestType };
    }

    /// <summary>Puts them in force.</summary>
    /// <exception cref="ConfigurationException">A policy or a member of one is known nowhere.</exception>
    public void ApplyTo(PolicySet policies)
    {
        var problems = new List<string>();
        Try($"{Section}:{nameof(Default)}", () => policies.Default = Default);
        foreach (var (testType, policy) in ByTestType)
            Try($"{Section}:{nameof(ByTestType)}:{testType}", () => policies.Use(testType, policy));
        if (problems.Count > 0)
            throw new ConfigurationException(problems);

        void Try(string setting, Action apply)
        {
            try
            {
                apply();
            }
            catch (PolicySpecException unknown)
            {
                problems.Add($"{setting}: {unknown.Message}");
            }
        }
    }

    private static void ReadByTestType(IConfigurationSection section, Dictionary<string, PolicySpec> byTestType, List<string> problems)
    {
        foreach (var setting in section.GetChildren())
        {
            if (!IsOwner(setting.Key))
                problems.Add($"{setting.Path}: '{setting.Key}' is no test type of the form [a-z0-9_-]{{1,64}} other than '{DefaultName}'");
            else if (Read(setting, problems) is { } policy)
                byTestType[setting.Key] = policy;
        }
    }

    private static PolicySpec? Read(IConfigurationSection setting, List<string> problems)
    {
        try
        {
            return PolicySpec.Parse(setting.Value ?? ToJson(setting)?.ToJsonString() ?? "");
        }
        catch (PolicySpecException bad)
        {
            problems.Add($"{setting.Path}: {bad.Message}");
            return null;
        }
    }

    /// <summary>Configuration knows only texts and names: entries numbered from 0 are a list, and a number is a number again.</summary>
    private static JsonNode? ToJson(IConfigurationSection section)
    {
        var children = section.GetChildren().ToList();
        if (children.Count == 0)
            return double.TryParse(section.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
                ? JsonValue.Create(number)
                : JsonValue.Create(section.Value);

        if (children.All(child => int.TryParse(child.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            return new JsonArray([.. children.OrderBy(child => int.Parse(child.Key, CultureInfo.InvariantCulture)).Select(ToJson)]);

        return new JsonObject(children.Select(child => KeyValuePair.Create(child.Key.ToLowerInvariant(), ToJson(child))));
    }

    private static bool Is(IConfigurationSection setting, string name) => setting.Key.Equals(name, StringComparison.OrdinalIgnoreCase);
}
