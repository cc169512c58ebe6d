using System.Text.Json;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>Says in the words of the sender what the deserializer says in those of .NET.</summary>
internal static class WrongTypes
{
    /// <param name="element">What was read.</param>
    /// <param name="exception">What was found wrong with it.</param>
    /// <param name="whole">The name of the element, for what concerns no field of it.</param>
    public static FieldProblem Describe(JsonElement element, JsonException exception, string whole = "test")
    {
        var path = exception.Path is { Length: > 2 } below ? below[2..] : "";
        if (Missing(exception.Message) is { } name)
            return new FieldProblem(path.Length == 0 ? name : $"{path}.{name}", "is missing, and required");
        if (path.Length == 0 || Find(element, path) is not { } value)
            return new FieldProblem(whole, exception.Message);

        return new FieldProblem(Quote.Name(path), exception.Message.StartsWith("Duplicate property", StringComparison.Ordinal)
            ? $"is given twice, the second time as {Quote.Json(value)}"
            : $"{Quote.Json(value)} cannot be read as {Expected(exception.Message)}");
    }

    private static string? Missing(string message)
    {
        const string Marker = "missing required properties including: '";
        var start = message.IndexOf(Marker, StringComparison.Ordinal);
        return start < 0 ? null : message[(start + Marker.Length)..].Split('\'', 2)[0];
    }

    private static string Expected(string message)
    {
        const string Marker = "could not be converted to ";
        var start = message.IndexOf(Marker, StringComparison.Ordinal);
        if (start < 0)
            return "a value of this field";

        var type = message[(start + Marker.Length)..].Split(". Path", 2)[0];
        return type switch
        {
            "System.String" => "text",
            "System.Guid" or "System.Nullable`1[System.Guid]" => "a GUID",
            "System.Boolean" => "true or false",
            "System.Int32" => "a whole number",
            "LoadBalancer.Contracts.TestOutcome" => "an outcome",
            "System.Double" or "System.Nullable`1[System.Double]" => "a number",
            _ when type.Contains("List", StringComparison.Ordinal) => "a list",
            _ => "an object",
        };
    }

    private static JsonElement? Find(JsonElement element, string path)
    {
        foreach (var name in path.Split('.', '[', ']').Where(part => part.Length > 0))
        {
            if (element.ValueKind is JsonValueKind.Object && SubmissionReader.GetField(element, name.Trim('\'')) is { } child)
                element = child;
            else if (element.ValueKind is JsonValueKind.Array && int.TryParse(name, out var index) && index < element.GetArrayLength())
                element = element[index];
            else
                return null;
        }

        return element;
    }
}
