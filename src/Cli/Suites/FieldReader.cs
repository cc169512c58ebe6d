using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using LoadBalancer.Cli.Terminals;

namespace LoadBalancer.Cli.Suites;

/// <summary>
/// Turns a node into the JSON that a contract record is read from. The record's own properties are the schema:
/// a name that it does not have is refused here, although the wire ignores unknown fields, since in a file it is a slip of the hand.
/// </summary>
internal static class FieldReader
{
    /// <summary>Reads <paramref name="node"/> as a <typeparamref name="T"/>.</summary>
    public static T Read<T>(SuiteNode node, string path) => Checked(node, typeof(T), path).Deserialize<T>(Api.Json.Options)!;

    /// <summary>Checks names and types, without asking for what is required.</summary>
    public static void CheckPart<T>(SuiteNode node, string path) => Convert(node, typeof(T), path, asksForRequired: false);

    private static JsonNode Checked(SuiteNode node, Type type, string path) =>
        Convert(node, type, path, asksForRequired: true) ?? throw Wrong(node, path, "must not be null");

    private static JsonNode? Convert(SuiteNode node, Type declared, string path, bool asksForRequired)
    {
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (node is SuiteNode.Scalar { IsNull: true }) return null;
        if (type == typeof(string)) return Text(node, path);
        if (type == typeof(bool)) return Boolean(node, path);
        if (type == typeof(int)) return Integer(node, path);
        if (type == typeof(double)) return Number(node, path);
        if (type == typeof(Guid)) return Identity(node, path);

        var info = Api.Json.Options.GetTypeInfo(type);
        return info.Kind switch
        {
            JsonTypeInfoKind.Object => Object(node, info, path, asksForRequired),
            JsonTypeInfoKind.Enumerable => List(node, info.ElementType!, path),
            JsonTypeInfoKind.Dictionary => Dictionary(node, info.ElementType!, path),
            _ => throw new InvalidOperationException($"{path} is a {type}, which a suite file cannot hold"),
        };
    }

    private static JsonObject Object(SuiteNode node, JsonTypeInfo info, string path, bool asksForRequired)
    {
        if (node is not SuiteNode.Map map) throw Wrong(node, path, "must be an object with named fields");

        var known = info.Properties.ToDictionary(property => property.Name);
        var result = new JsonObject();
        foreach (var (name, value) in map.Fields)
        {
            if (!known.TryGetValue(name, out var property))
                throw Wrong(value, Join(path, name), $"no such field{NearestName.Hint(name, known.Keys)}");

            var converted = Convert(value, property.PropertyType, Join(path, name), asksForRequired);
            if (converted is null && !property.IsSetNullable) throw Wrong(value, Join(path, name), "must not be null: give a value or leave it out");
            result[name] = converted;
        }

        if (asksForRequired && info.Properties.FirstOrDefault(property => property.IsRequired && !map.Fields.ContainsKey(property.Name)) is { } missing)
            throw Wrong(node, Join(path, missing.Name), "is required and missing");
        return result;
    }

    private static JsonArray List(SuiteNode node, Type element, string path)
    {
        if (node is not SuiteNode.List list) throw Wrong(node, path, "must be a list");

        return [.. list.Items.Select((item, i) => Checked(item, element, $"{path}[{i}]"))];
    }

    private static JsonObject Dictionary(SuiteNode node, Type element, string path)
    {
        if (node is not SuiteNode.Map map) throw Wrong(node, path, "must be an object of names and values");

        return new JsonObject(map.Fields.Select(field =>
            KeyValuePair.Create(field.Key, (JsonNode?)Checked(field.Value, element, Join(path, field.Key)))));
    }

    /// <summary>A number or boolean without quotes is taken as it is written: <c>PORT: 8080</c> needs no quotes.</summary>
    private static JsonValue Text(SuiteNode node, string path) => JsonValue.Create(Value(node, path, "text").Text);

    private static JsonValue Boolean(SuiteNode node, string path) => Value(node, path, "true or false") switch
    {
        { Plain: true, Text: "true" or "True" } => JsonValue.Create(true),
        { Plain: true, Text: "false" or "False" } => JsonValue.Create(false),
        var other => throw Wrong(node, path, $"must be true or false, not \"{other.Text}\""),
    };

    private static JsonValue Integer(SuiteNode node, string path)
    {
        var value = Value(node, path, "a whole number");
        return int.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? JsonValue.Create(number)
            : throw Wrong(node, path, $"must be a whole number, not \"{value.Text}\"");
    }

    private static JsonValue Number(SuiteNode node, string path)
    {
        var value = Value(node, path, "a number");
        return double.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : throw Wrong(node, path, $"must be a number, not \"{value.Text}\"");
    }

    private static JsonValue Identity(SuiteNode node, string path)
    {
        var value = Value(node, path, "a GUID");
        return Guid.TryParse(value.Text, out var id) ? JsonValue.Create(id) : throw Wrong(node, path, $"must be a GUID, not \"{value.Text}\"");
    }

    private static SuiteNode.Scalar Value(SuiteNode node, string path, string wanted) =>
        node as SuiteNode.Scalar ?? throw Wrong(node, path, $"must be {wanted}");

    private static SuiteFileException Wrong(SuiteNode node, string path, string problem) => new(node.Line, path, problem);

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
