using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using LoadBalancer.Contracts;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>A body that holds no readable submission. The message says where and why.</summary>
internal sealed class UnreadableSubmissionException(string message) : Exception(message);

/// <summary>One test of a body: valid, or with what is wrong with it; then <see cref="Test"/> may hold no more than its names.</summary>
internal sealed record ReadSubmission(Guid RunId, SubmitTest? Test, IReadOnlyList<FieldProblem> Problems)
{
    private const int MostTold = 20;

    public string Reason => Problems.Count <= MostTold
        ? string.Join("; ", Problems)
        : $"{string.Join("; ", Problems.Take(MostTold))}; and {Problems.Count - MostTold} more";
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
/// either. Unknown fields are ignored; a wrong type, a doubled field or a value out of range is named. What concerns one test of a list
/// refuses that test and no other.
/// </summary>
internal static class SubmissionReader
{
    public const int MaxTests = 1_000;
    public const int MaxBytes = 1 << 20;

    private const int MaxDepth = 32;

    private static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = MaxDepth };

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
            throw TooLarge(body.Length);

        using var document = Parse(body);
        var root = Unwrap(document.RootElement);
        if (root.ValueKind is not JsonValueKind.Object)
            throw new UnreadableSubmissionException($"the body is {Quote.Json(root)}; a test or {{\"tests\": [...]}} is expected");
        if (GetField(root, "tests") is not { } tests)
            return new ReadBody([ReadTest(root, 0, newRunId)], IsBatch: false);
        if (root.EnumerateObject().Count(field => IsNamed(field, "tests")) > 1)
            throw new UnreadableSubmissionException($"tests: is given twice, the second time as {Quote.Json(tests)}");
        if (tests.ValueKind is not JsonValueKind.Array)
            throw new UnreadableSubmissionException($"tests: is {Quote.Json(tests)}; a list is expected");
        if (tests.GetArrayLength() is 0 or > MaxTests)
            throw new UnreadableSubmissionException($"tests: has {tests.GetArrayLength()} entries; 1 to {MaxTests} are accepted");

        return new ReadBody([.. tests.EnumerateArray().Select((test, index) => ReadTest(test, index, newRunId))], IsBatch: true);
    }

    public static UnreadableSubmissionException TooLarge(long length) =>
        new($"the body has {length} bytes or more; at most {MaxBytes} are accepted, so split it");

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
            throw new UnreadableSubmissionException("the body is empty; a test or {\"tests\": [...]} is expected");
        if (FirstInvalid(body.Span) is { } position)
            throw new UnreadableSubmissionException($"the body is not UTF-8: byte {position} is 0x{body.Span[position]:X2}");
        try
        {
            return JsonDocument.Parse(body, DocumentOptions);
        }
        catch (JsonException exception)
        {
            throw new UnreadableSubmissionException($"the body is not valid JSON: {exception.Message}");
        }
    }

    private static int? FirstInvalid(ReadOnlySpan<byte> utf8)
    {
        if (Utf8.IsValid(utf8))
            return null;

        var position = 0;
        while (Rune.DecodeFromUtf8(utf8[position..], out _, out var length) is OperationStatus.Done)
            position += length;
        return position;
    }

    private static JsonElement Unwrap(JsonElement root) =>
        root.ValueKind is JsonValueKind.Object && GetField(root, "messageType") is not null && GetField(root, "message") is { } message
            ? message
            : root;

    private static ReadSubmission ReadTest(JsonElement element, int index, Func<int, Guid> newRunId)
    {
        if (element.ValueKind is not JsonValueKind.Object)
            return new ReadSubmission(newRunId(index), null, [new FieldProblem("test", $"is {Quote.Json(element)}; an object is expected")]);
        if (FieldScan.Problems(element).ToList() is { Count: > 0 } unreadable)
            return Refused(element, newRunId(index), unreadable);
        try
        {
            var test = element.Deserialize<SubmitTest>(Strict)!;
            var normal = SubmissionRules.Normalise(test, newRunId(index));
            return new ReadSubmission(normal.RunId!.Value, normal, SubmissionRules.Problems(normal));
        }
        catch (JsonException exception)
        {
            return Refused(element, newRunId(index), [WrongTypes.Describe(element, exception)]);
        }
    }

    /// <summary>The names it has are kept, so that whoever follows its suite sees the refusal.</summary>
    private static ReadSubmission Refused(JsonElement element, Guid newRunId, IReadOnlyList<FieldProblem> problems)
    {
        string? Given(string name) => GetField(element, name) is { } value ? FieldScan.Text(value) : null;
        var names = new SubmitTest
        {
            TestId = Given("testId") ?? "",
            Suite = Given("suite") ?? "",
            Submitter = Given("submitter"),
            TestType = Given("testType") ?? "",
        };
        return new ReadSubmission(Guid.TryParseExact(Given("runId"), "D", out var given) ? given : newRunId, names, problems);
    }

    /// <summary>As the deserializer finds it: whatever the case of the name, and the last of several.</summary>
    internal static JsonElement? GetField(JsonElement element, string name)
    {
        JsonElement? value = null;
        foreach (var field in element.EnumerateObject())
        {
            if (IsNamed(field, name))
                value = field.Value;
        }

        return value;
    }

    private static bool IsNamed(JsonProperty field, string name) =>
        FieldScan.Name(field)?.Equals(name, StringComparison.OrdinalIgnoreCase) == true;
}
