using System.Text.Json;
using LoadBalancer.Scheduler.LiveSettings;

namespace LoadBalancer.Scheduler.Api;

/// <summary>A number for each of many names: how it is read, of one name or of several, and checked.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="NameField">What a name is called in an address.</param>
/// <param name="LongestName">Characters.</param>
/// <param name="Field">The number in the body for one name; with an <c>s</c>, the map from names to numbers.</param>
/// <param name="Least">The least that is accepted.</param>
/// <param name="Most">The most that is accepted.</param>
/// <param name="IsWhole">Whether it has no fraction.</param>
internal sealed record NumberSetting(SettingKind Kind, string NameField, int LongestName, string Field, double Least, double Most, bool IsWhole)
{
    /// <summary>0 closes the key: who holds it goes on, and nobody else begins.</summary>
    public static readonly NumberSetting KeyLimit = new(SettingKind.KeyLimit, "key", 256, "limit", 0, 1_000_000, IsWhole: true);

    public static readonly NumberSetting Weight = new(SettingKind.Share, "submitter", 128, "weight", 0.001, 1_000_000, IsWhole: false);

    private string Fields => $"{Field}s";

    private string Expected => $"{(IsWhole ? "a whole number" : "a number")} from {SettingBody.Text(Least)} to {SettingBody.Text(Most)}";

    public IResult? RefuseName(string name) => name.Length > LongestName || name.Length == 0
        ? BadRequests.Refuse(NameField, name, $"has {name.Length} characters; 1 to {LongestName} are accepted")
        : name.Contains('\0', StringComparison.Ordinal) ? BadRequests.Refuse(NameField, name, "holds a NUL character") : null;

    /// <summary>Reads <c>{ "limit": 2 }</c>.</summary>
    public (SettingChange? Change, IResult? Refusal) ReadOne(string name, JsonElement body)
    {
        if (RefuseName(name) is { } refusal)
            return (null, refusal);

        return SettingBody.Member(body, Field) is { } value
            ? Read(name, value, Field)
            : (null, SettingBody.Missing(Field, $"the body is an object with {Expected}"));
    }

    /// <summary>Reads <c>{ "limits": { "license": 2, "rig": null } }</c>; null takes back what was set live.</summary>
    public (IReadOnlyList<SettingChange> Changes, IResult? Refusal) ReadMany(JsonElement body)
    {
        if (SettingBody.Member(body, Fields) is not { ValueKind: JsonValueKind.Object } map)
            return ([], SettingBody.Missing(Fields, $"it is an object of {NameField} and {Expected}, or null"));

        var changes = new Dictionary<string, SettingChange>(StringComparer.Ordinal);
        foreach (var entry in map.EnumerateObject())
        {
            if (RefuseName(entry.Name) is { } refusedName)
                return ([], refusedName);

            var (change, refusal) = entry.Value.ValueKind == JsonValueKind.Null
                ? (new SettingChange(Kind, entry.Name, null), null)
                : Read(entry.Name, entry.Value, $"{Fields}.{entry.Name}");
            if (change is null)
                return ([], refusal);

            changes[entry.Name] = change;
        }

        return ([.. changes.Values], null);
    }

    private (SettingChange? Change, IResult? Refusal) Read(string name, JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= Least && number <= Most
            && (!IsWhole || number == Math.Floor(number))
            ? (new SettingChange(Kind, name, SettingBody.Text(number)), null)
            : (null, SettingBody.Refuse(field, value, $"is not {Expected}"));
}
