using System.Text.Json.Nodes;

namespace LoadBalancer.System.Tests.Input;

/// <summary>Messages as a later version may send them.</summary>
internal static class Tomorrow
{
    /// <summary>
    /// A copy with a field that nobody knows yet in each of its objects, before the known ones, and between reports those of an unknown kind.
    /// Objects whose names are data, such as labels, must not be in it.
    /// </summary>
    public static JsonObject Of(JsonObject message)
    {
        var later = new JsonObject { ["later"] = new JsonObject { ["deep"] = new JsonArray(1, null, new JsonObject { ["x"] = "y" }) } };
        foreach (var (name, value) in message)
        {
            later[name] = name == "reports" ? WithUnknownKinds(value!.AsArray()) : Of(value);
        }

        return later;
    }

    private static JsonNode? Of(JsonNode? value) => value switch
    {
        JsonObject one => Of(one),
        JsonArray many => new JsonArray([.. many.Select(Of)]),
        _ => value?.DeepClone(),
    };

    private static JsonArray WithUnknownKinds(JsonArray reports) =>
        new([UnknownKind(), .. reports.SelectMany(report => new[] { Of(report), UnknownKind() })]);

    private static JsonObject UnknownKind() => new() { ["later"] = true, ["type"] = "ofTomorrow", ["attempt"] = "not a number" };
}
