using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LoadBalancer.Placement;

/// <summary>The JSON form of a policy, read strictly: what would have no effect is refused, with its place and its value.</summary>
internal static class PolicyJson
{
    private const string Type = "type";
    private const string Weight = "weight";
    private const string Algorithms = "algorithms";

    /// <summary>A name is a part of a stored score, which has room for this.</summary>
    private const int LongestName = 32;

    /// <summary>As many as a stored score has room for parts.</summary>
    private const int MostMembers = 8;

    /// <summary>Composites in composites; more would cost every decision too much.</summary>
    private const int Deepest = 3;

    private const double MostWeight = 1_000_000;

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="PolicySpecException">It is no name of a policy, known or not.</exception>
    public static PolicySpec Name(string name, string field = Type) =>
        name.Length is > 0 and <= LongestName && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.')
            ? PolicySpec.Named(name)
            : throw new PolicySpecException(
                $"{field} '{Wording.Shortened(name, LongestName)}' is no name of a policy; "
                + $"it has 1 to {LongestName} letters, digits, '_', '-' or '.'");

    /// <summary>A policy by its name alone; <c>composite</c> then has its usual members.</summary>
    /// <exception cref="PolicySpecException">It is no name of a policy.</exception>
    public static PolicySpec Alone(string name) => name == PolicyNames.Composite ? PolicySpec.UsualComposite : Composed(Name(name), null, "", depth: 0);

    /// <param name="json">A name or an object.</param>
    /// <param name="path">Where it stands, for messages: empty, or the place of the object that has it, with a dot.</param>
    /// <param name="depth">Number of composites around it.</param>
    /// <exception cref="PolicySpecException">It has not the form of a policy.</exception>
    public static PolicySpec Read(JsonElement json, string path, int depth)
    {
        if (json.ValueKind == JsonValueKind.String)
            return Composed(Name(json.GetString()!, path + Type), null, path, depth);

        if (json.ValueKind != JsonValueKind.Object)
            throw new PolicySpecException($"{Place(path)} is {Shown(json)}; a policy is a name or an object with '{Type}'");

        RefuseUnknown(json, path, isMember: depth > 0);
        if (!json.TryGetProperty(Type, out var type) || type.ValueKind != JsonValueKind.String)
        {
            var found = type.ValueKind == default ? "is missing" : $"is {Shown(type)}";
            throw new PolicySpecException($"{path}{Type} {found}; it is the name of a policy");
        }

        return Composed(Name(type.GetString()!, path + Type), json.TryGetProperty(Algorithms, out var list) ? list : null, path, depth);
    }

    public static string Write(PolicySpec spec)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, Readable))
            Write(writer, spec, weight: null);

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static PolicySpec Composed(PolicySpec named, JsonElement? list, string path, int depth)
    {
        var isComposite = named.Type == PolicyNames.Composite;
        if (isComposite && list is null)
            throw new PolicySpecException($"{path}{Algorithms} is missing; '{PolicyNames.Composite}' needs a list of policies with their weights");
        if (!isComposite && list is not null)
            throw new PolicySpecException($"{path}{Algorithms} has no meaning for '{named.Type}'; only '{PolicyNames.Composite}' has members");

        return list is { } members ? named with { Algorithms = Members(members, path, depth) } : named;
    }

    private static List<WeightedPolicy> Members(JsonElement list, string path, int depth)
    {
        if (list.ValueKind != JsonValueKind.Array)
            throw new PolicySpecException($"{path}{Algorithms} is {Shown(list)}; it is a list of policies with their weights");
        if (list.GetArrayLength() is 0 or > MostMembers)
            throw new PolicySpecException($"{path}{Algorithms} has {list.GetArrayLength()} entries; 1 to {MostMembers} are accepted");
        if (depth == Deepest)
            throw new PolicySpecException($"{path}{Algorithms} is too deep; at most {Deepest} composites may be in each other");

        var members = new List<WeightedPolicy>();
        foreach (var member in list.EnumerateArray())
        {
            var place = $"{path}{Algorithms}[{members.Count}].";
            members.Add(new WeightedPolicy(Read(member, place, depth + 1), WeightOf(member, place)));
        }

        return members.Exists(member => member.Weight > 0)
            ? members
            : throw new PolicySpecException($"every {path}{Algorithms}[].{Weight} is 0; at least one must be above 0");
    }

    private static double WeightOf(JsonElement member, string path)
    {
        if (member.ValueKind != JsonValueKind.Object || !member.TryGetProperty(Weight, out var weight))
            return 1;

        return weight.ValueKind == JsonValueKind.Number && weight.TryGetDouble(out var value) && value is >= 0 and <= MostWeight
            ? value
            : throw new PolicySpecException(
                $"{path}{Weight} is {Shown(weight)}; it is a number from 0 to {MostWeight.ToString(CultureInfo.InvariantCulture)}");
    }

    private static void RefuseUnknown(JsonElement json, string path, bool isMember)
    {
        string[] known = isMember ? [Type, Weight, Algorithms] : [Type, Algorithms];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in json.EnumerateObject())
        {
            var name = Wording.Shortened(field.Name, LongestName);
            if (!known.Contains(field.Name))
                throw new PolicySpecException($"{path}{name} is unknown; here stand {string.Join(", ", known)}");
            if (!seen.Add(field.Name))
                throw new PolicySpecException($"{path}{name} stands there twice");
        }
    }

    private static void Write(Utf8JsonWriter writer, PolicySpec spec, double? weight)
    {
        writer.WriteStartObject();
        writer.WriteString(Type, spec.Type);
        if (weight is { } counts)
            writer.WriteNumber(Weight, counts);
        if (spec.Algorithms.Count > 0)
        {
            writer.WriteStartArray(Algorithms);
            foreach (var member in spec.Algorithms)
                Write(writer, member.Policy, member.Weight);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static string Place(string path) => path.Length == 0 ? "the policy" : path.TrimEnd('.');

    private static string Shown(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => Wording.Shortened(json.GetRawText(), LongestName),
    };
}
