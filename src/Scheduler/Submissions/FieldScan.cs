using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>
/// What no field may hold, whether it is known or not: a name given twice, text that is no Unicode, a number that no computer of ours
/// can hold. A reader would take the one or the other, and two readers different ones.
/// </summary>
internal static class FieldScan
{
    public static IEnumerable<FieldProblem> Problems(JsonElement element, string path = "") => element.ValueKind switch
    {
        JsonValueKind.Object => Fields(element, path),
        JsonValueKind.Array => element.EnumerateArray().SelectMany((entry, index) => Problems(entry, $"{path}[{index}]")),
        JsonValueKind.String when Text(element) is null => [new(path, $"{Quote.Json(element)} holds half of a surrogate pair, which is no text")],
        JsonValueKind.Number when !double.IsFinite(element.GetDouble()) => [new(path, $"{Quote.Json(element)} is too large for a number")],
        _ => [],
    };

    /// <returns>Null for a name that is no Unicode.</returns>
    public static string? Name(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <returns>Null for anything but readable text.</returns>
    public static string? Text(JsonElement element)
    {
        try
        {
            return element.ValueKind is JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static IEnumerable<FieldProblem> Fields(JsonElement element, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in element.EnumerateObject())
        {
            if (Name(field) is not { } name)
            {
                var raw = Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8PropertyName(field));
                yield return new(Below(path, raw), "the name holds half of a surrogate pair, which is no text");
                continue;
            }

            if (!names.Add(name))
                yield return new(Below(path, name), $"is given twice, the second time as {Quote.Json(field.Value)}");
            foreach (var problem in Problems(field.Value, Below(path, name)))
                yield return problem;
        }
    }

    private static string Below(string path, string name) => path.Length == 0 ? Quote.Name(name) : $"{path}.{Quote.Name(name)}";
}
