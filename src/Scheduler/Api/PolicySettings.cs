using System.Text.Json;
using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.LiveSettings;

namespace LoadBalancer.Scheduler.Api;

/// <summary>Which policy places which test type.</summary>
internal static class PolicySettings
{
    private const string Default = "default";
    private const string ByTestType = "byTestType";

    public static IResult List(SettingsInForce settings, PolicySet policies) => Results.Ok(new PolicyList
    {
        Default = View(PolicyOptions.DefaultName, settings),
        ByTestType = [.. settings.Named(SettingKind.Policy).Where(PolicyOptions.IsOwner).Select(testType => View(testType, settings))],
        Known = policies.Names,
    });

    public static IResult Get(string testType, SettingsInForce settings) => Answer(testType, settings);

    /// <summary>The body is the policy: a name or an object.</summary>
    public static async Task<IResult> SetAsync(
        string testType, HttpContext http, SettingsInForce settings, PolicySet policies, CancellationToken cancellationToken)
    {
        var body = await SettingBody.ReadAsync(http.Request, cancellationToken);
        var refusal = RefuseTestType(testType);
        var change = refusal is null ? Read(testType, body, "policy", policies, out refusal) : null;
        return change is null
            ? refusal!
            : await SettingBody.StoreAsync(http, [change], settings, () => Task.FromResult(Answer(testType, settings)), cancellationToken);
    }

    /// <summary>
    /// The body is <c>{ "default": POLICY, "byTestType": { TYPE: POLICY } }</c>, all of it optional. What is not named stays as it is;
    /// null takes back what was set live.
    /// </summary>
    public static async Task<IResult> SetManyAsync(
        HttpContext http, SettingsInForce settings, PolicySet policies, CancellationToken cancellationToken)
    {
        var (changes, refusal) = ReadMany(await SettingBody.ReadAsync(http.Request, cancellationToken), policies);
        return refusal ?? await SettingBody.StoreAsync(http, changes, settings, () => Task.FromResult(List(settings, policies)), cancellationToken);
    }

    public static Task<IResult> ResetAsync(string testType, HttpContext http, SettingsInForce settings, CancellationToken cancellationToken) =>
        SettingBody.StoreAsync(
            http,
            [new SettingChange(SettingKind.Policy, testType, null)],
            settings,
            () => Task.FromResult(Answer(testType, settings)),
            cancellationToken);

    private static (IReadOnlyList<SettingChange> Changes, IResult? Refusal) ReadMany(JsonElement body, PolicySet policies)
    {
        var changes = new Dictionary<string, SettingChange>(StringComparer.Ordinal);
        if (SettingBody.Member(body, Default) is { } fallback)
        {
            if (Read(PolicyOptions.DefaultName, fallback, Default, policies, out var refusal) is not { } change)
                return ([], refusal);
            changes[change.Name] = change;
        }

        if (SettingBody.Member(body, ByTestType) is { ValueKind: JsonValueKind.Object } map)
        {
            foreach (var entry in map.EnumerateObject())
            {
                var refusal = RefuseTestType(entry.Name);
                if (refusal is not null || Read(entry.Name, entry.Value, $"{ByTestType}.{entry.Name}", policies, out refusal) is not { } change)
                    return ([], refusal);
                changes[change.Name] = change;
            }
        }

        return changes.Count > 0
            ? ([.. changes.Values], null)
            : ([], SettingBody.Missing(
                Default, $"the body is an object with '{Default}', a policy, or '{ByTestType}', an object of policies, or both"));
    }

    private static SettingChange? Read(string testType, JsonElement json, string field, PolicySet policies, out IResult? refusal)
    {
        refusal = null;
        if (json.ValueKind == JsonValueKind.Null && field != "policy")
            return new SettingChange(SettingKind.Policy, testType, null);

        try
        {
            var policy = PolicySpec.Read(json);
            policies.Check(policy);
            return new SettingChange(SettingKind.Policy, testType, policy.ToJson());
        }
        catch (PolicySpecException bad)
        {
            refusal = Results.ValidationProblem(
                new Dictionary<string, string[]> { [field] = [bad.Message] }, title: "The policy is refused", detail: $"{field}: {bad.Message}");
            return null;
        }
    }

    private static IResult? RefuseTestType(string testType) => testType == PolicyOptions.DefaultName || PolicyOptions.IsOwner(testType)
        ? null
        : BadRequests.Refuse("testType", testType, "is not of the form [a-z0-9_-]{1,64}");

    private static IResult Answer(string testType, SettingsInForce settings) =>
        RefuseTestType(testType) ?? Results.Ok(View(testType, settings));

    private static PolicyView View(string testType, SettingsInForce settings)
    {
        var (policy, source) = settings.PolicyOf(testType);
        var live = settings.FindLive(SettingKind.Policy, testType);
        return new PolicyView
        {
            TestType = testType,
            Policy = Document(policy, weight: null),
            Source = source,
            ChangedAt = live?.ChangedAt,
            ChangedBy = live?.ChangedBy,
        };
    }

    private static PolicyDocument Document(PolicySpec policy, double? weight) => new()
    {
        Type = policy.Type,
        Weight = weight,
        Algorithms = policy.Algorithms.Count == 0 ? null : [.. policy.Algorithms.Select(member => Document(member.Policy, member.Weight))],
    };
}
