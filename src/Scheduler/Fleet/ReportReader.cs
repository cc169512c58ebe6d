using System.Text.Json;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Submissions;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>
/// Reads what a worker reports, entry by entry: results that have nothing to do with each other travel in one message, and one that cannot
/// be read takes none of the others with it.
/// </summary>
internal static class ReportReader
{
    private const int MostTold = 5;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        // Programs in other languages write the type of a report wherever they like.
        AllowOutOfOrderMetadataProperties = true,
        RespectNullableAnnotations = true,
    };

    private static readonly JsonDocumentOptions DocumentOptions = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <returns>The entries that mean something, and what is wrong with the others.</returns>
    /// <exception cref="UnreadableReportException">Not JSON, or without what every report has.</exception>
    public static (WorkerReport Report, IReadOnlyList<string> Problems) Read(ReadOnlyMemory<byte> body) =>
        ReadAtOnce(body) is { } report && report.Reports.All(entry => entry is not null && ReportRules.Problem(entry) is null)
            ? (report, [])
            : ReadByEntry(body);

    /// <returns>Null when something of it cannot be read.</returns>
    private static WorkerReport? ReadAtOnce(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize<WorkerReport>(body.Span, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static (WorkerReport Report, IReadOnlyList<string> Problems) ReadByEntry(ReadOnlyMemory<byte> body)
    {
        using var document = Parse(body);
        var given = ReadGiven(document.RootElement);
        var (entries, problems) = (new List<Report>(), new List<string>());
        for (var i = 0; i < given.Reports.Count; i++)
        {
            if (ReadEntry(given.Reports[i], out var entry) is { } problem)
                problems.Add($"reports[{i}]{problem}");
            else
                entries.Add(entry!);
        }

        if (problems.Count > MostTold)
            problems = [.. problems.Take(MostTold), $"and {problems.Count - MostTold} more"];
        return (new WorkerReport { WorkerId = given.WorkerId, SessionId = given.SessionId, Reports = entries }, problems);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(body, DocumentOptions);
        }
        catch (JsonException exception)
        {
            throw new UnreadableReportException($"the body is not valid JSON: {exception.Message}");
        }
    }

    private static Given ReadGiven(JsonElement root)
    {
        if (root.ValueKind is not JsonValueKind.Object)
            throw new UnreadableReportException($"the body is {Quote.Json(root)}; a report is expected");
        try
        {
            return root.Deserialize<Given>(Options)!;
        }
        catch (JsonException exception)
        {
            throw new UnreadableReportException($"{WrongTypes.Describe(root, exception, whole: "report")}");
        }
    }

    /// <returns>What is wrong with it, as it follows the name of the entry; null when it can be used.</returns>
    private static string? ReadEntry(JsonElement element, out Report? entry)
    {
        entry = null;
        if (element.ValueKind is not JsonValueKind.Object)
            return $": {Quote.Json(element)} is no report";
        try
        {
            entry = element.Deserialize<Report>(Options)!;
            return ReportRules.Problem(entry) is { } problem ? $".{problem}" : null;
        }
        catch (JsonException exception)
        {
            var problem = WrongTypes.Describe(element, exception, whole: "");
            return problem.Field.Length == 0 ? $"{problem}" : $".{problem}";
        }
    }

    /// <summary>A <see cref="WorkerReport"/> whose entries are still to be read.</summary>
    private sealed record Given
    {
        public required string WorkerId { get; init; }

        public required Guid SessionId { get; init; }

        public required IReadOnlyList<JsonElement> Reports { get; init; }
    }
}
