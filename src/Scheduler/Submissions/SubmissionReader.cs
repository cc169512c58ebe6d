using System.Text.Json;
using LoadBalancer.Contracts;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>A body that holds no readable submission. The message says where and why.</summary>
internal sealed class UnreadableSubmissionException(string message) : Exception(message);

/// <summary>One test of a body: readable and valid, or with what is wrong with it.</summary>
internal sealed record ReadSubmission(Guid RunId, SubmitTest? Test, IReadOnlyList<FieldProblem> Problems)
{
    public string Reason => string.Join("; ", Problems);
}

/// <summary>What is wrong with a field; the text holds the value.</summary>
internal sealed record FieldProblem(string Field, string Text)
{
    public override string ToString() => $"{Field}: {Text}";
}

/// <summary>The tests of a body. <see cref="IsBatch"/> tells <c>{"tests": […]}</c> from one test.</summary>
internal sealed record ReadBody(IReadOnlyList<ReadSubmission> Tests, bool IsBatch);

/// <summary>
/// Reads submissions strictly, from the API and from the queue alike: one test, <c>{"tests": […]}</c>, or a MassTransit envelope of
/// either. Unknown fields are ignored; a wrong type, a doubled field or a value out of range is named.
/// </summary>
internal static class SubmissionReader
{
    public const int MaxTests = 1_000;
    public const int MaxBytes = 1 << 20;

    private const int MaxDepth = 32;

    private static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        MaxDepth = MaxDepth,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict,
    };

    /// <param name="body">UTF-8 JSON.</param>
    /// <param name="newRunId">The run id of the test at an index that gives none.</param>
    /// <exception cref="UnreadableSubmissionException">Not JSON, too large, too deep, or neither a test nor a list of tests.</exception>
    public static ReadBody Read(ReadOnlyMemory<byte> body, Func<int, Guid> newRunId)
    {
        if (body.Length > MaxBytes)
            throw new UnreadableSubmissionException($"the body has {body.Length} bytes; at most {MaxBytes} are accepted, so split it");

        using var document = Parse(body);
        var root = Unwrap(document.RootElement);
        if (root.ValueKind is not JsonValueKind.Object)
            throw new UnreadableSubmissionException($"the body is {Describe(root)}; a test or {{\"tests\": [...]}} is expected");
        if (!TryGetField(root, "tests", out var tests))
            return new ReadBody([ReadTest(root, 0, newRunId)], IsBatch: false);
        if (tests.ValueKind is not JsonValueKind.Array)
            throw new UnreadableSubmissionException($"tests: is {Describe(tests)}; a list is expected");
        if (tests.GetArrayLength() is 0 or > MaxTests)
            throw new UnreadableSubmissionException($"tests: has {tests.GetArrayLength()} entries; 1 to {MaxTests} are accepted");

        return new ReadBody([.. tests.EnumerateArray().Select((test, index) => ReadTest(test, index, newRunId))], IsBatch: true);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
            throw new UnreadableSubmissionException("the body is empty; a test or {\"tests\": [...]} is expected");
        try
        {
            return JsonDocument.Parse(body, DocumentOptions);
        }
        catch (JsonException exception)
        {
            throw new UnreadableSubmissionException($"the body is not valid JSON: {exception.Message}");
        }
    }

    private static JsonElement Unwrap(JsonElement root) =>
        root.ValueKind is JsonValueKind.Object && TryGetField(root, "messageType", out _) && TryGetField(root, "message", out var message)
            ? message
            : root;

    private static ReadSubmission ReadTest(JsonElement element, int index, Func<int, Guid> newRunId)
    {
        if (element.ValueKind is not JsonValueKind.Object)
            return new ReadSubmission(newRunId(index), null, [new FieldProblem("test", $"is {Describe(element)}; an object is expected")]);
        try
        {
            var test = element.Deserialize<SubmitTest>(Strict)!;
            var normal = SubmissionRules.Normalise(test, newRunId(index));
            return new ReadSubmission(normal.RunId!.Value, normal, SubmissionRules.Problems(normal));
        }
        catch (JsonException exception)
        {
            return new ReadSubmission(GivenRunId(element) ?? newRunId(index), null, [Describe(element, exception)]);
        }
    }

    private static Guid? GivenRunId(JsonElement element) =>
        TryGetField(element, "runId", out var given) && given.ValueKind is JsonValueKind.String && given.TryGetGuid(out var runId) ? runId : null;

    private static FieldProblem Describe(JsonElement element, JsonException exception)
    {
        if (exception.Path is not { Length: > 2 } path)
            return new FieldProblem("test", exception.Message);

        var field = path[2..];
        var value = Find(element, field);
        return new FieldProblem(field, value is { } found ? $"{Describe(found)} cannot be read as {Expected(exception)}" : exception.Message);
    }

    private static string Expected(JsonException exception)
    {
        const string Marker = "could not be converted to ";
        var start = exception.Message.IndexOf(Marker, StringComparison.Ordinal);
        if (start < 0)
            return "a value of this field";

        var type = exception.Message[(start + Marker.Length)..].Split(". Path", 2)[0];
        return type switch
        {
            "System.String" => "text",
            "System.Guid" or "System.Nullable`1[System.Guid]" => "a GUID",
            "System.Boolean" => "true or false",
            "System.Int32" => "a whole number",
            "System.Double" or "System.Nullable`1[System.Double]" => "a number",
            _ when type.Contains("List", StringComparison.Ordinal) => "a list",
            _ => "an object",
        };
    }

    private static JsonElement? Find(JsonElement element, string path)
    {
        foreach (var name in path.Split('.', '[', ']').Where(part => part.Length > 0))
        {
            if (element.ValueKind is JsonValueKind.Object && TryGetField(element, name.Trim('\''), out var child))
                element = child;
            else if (element.ValueKind is JsonValueKind.Array && int.TryParse(name, out var index) && index < element.GetArrayLength())
                element = element[index];
            else
                return null;
        }

        return element;
    }

    private static bool TryGetField(JsonElement element, string name, out JsonElement value)
    {
        foreach (var property in element.EnumerateObject())
        {
            if (property.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                value = property.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    private static string Describe(JsonElement value)
    {
        var text = value.GetRawText();
        return value.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            JsonValueKind.Null => "null",
            _ => text.Length <= 80 ? text : $"{text[..80]}…",
        };
    }
}
