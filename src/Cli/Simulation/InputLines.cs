using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using LoadBalancer.Scheduler.Submissions;

namespace LoadBalancer.Cli.Simulation;

/// <summary>A file of one JSON object per line. Whatever is wrong in it is refused with file, line and field.</summary>
internal static class InputLines
{
    private const int MaxDepth = 32;

    private static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = MaxDepth };

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        MaxDepth = MaxDepth,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        NumberHandling = JsonNumberHandling.Strict,
    };

    /// <summary>Reads every line as a <typeparamref name="TLine"/> and makes of it what is wanted.</summary>
    /// <exception cref="LbException">The file cannot be read, or a line is wrong.</exception>
    public static IReadOnlyList<T> Read<TLine, T>(string path, Func<TLine, int, T> make)
    {
        try
        {
            var lines = Lines(File.ReadAllBytes(path));
            while (lines.Count > 0 && IsBlank(lines[^1])) lines.RemoveAt(lines.Count - 1);
            return [.. lines.Select((line, index) => Read(path, line, index, make))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LbException.BadInput($"cannot read {path}: {e.Message}");
        }
    }

    private static List<ReadOnlyMemory<byte>> Lines(byte[] file)
    {
        var rest = file.AsMemory(file.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0);
        var lines = new List<ReadOnlyMemory<byte>>();
        while (rest.Span.IndexOf((byte)'\n') is >= 0 and var end)
        {
            lines.Add(rest[..end]);
            rest = rest[(end + 1)..];
        }

        lines.Add(rest);
        return lines;
    }

    private static bool IsBlank(ReadOnlyMemory<byte> line) => line.Span.Trim(" \t\r"u8).IsEmpty;

    private static T Read<TLine, T>(string path, ReadOnlyMemory<byte> line, int index, Func<TLine, int, T> make)
    {
        try
        {
            return make(Parse<TLine>(line), index);
        }
        catch (InputException e)
        {
            throw LbException.BadInput($"{path}:{index + 1}: {e.Problem}");
        }
    }

    private static TLine Parse<TLine>(ReadOnlyMemory<byte> line)
    {
        using var document = Document(line);
        var root = document.RootElement;
        if (root.ValueKind is not JsonValueKind.Object) throw new InputException("line", $"is {Quote.Json(root)}; an object is expected");
        if (FieldScan.Problems(root).FirstOrDefault() is { } unreadable) throw new InputException(unreadable);
        try
        {
            return root.Deserialize<TLine>(Strict)!;
        }
        catch (JsonException e)
        {
            throw new InputException(WrongTypes.Describe(root, e));
        }
    }

    private static JsonDocument Document(ReadOnlyMemory<byte> line)
    {
        if (IsBlank(line)) throw new InputException("line", "is empty; an object is expected");
        if (!Utf8.IsValid(line.Span)) throw new InputException("line", "is not UTF-8");
        try
        {
            return JsonDocument.Parse(line, DocumentOptions);
        }
        catch (JsonException e)
        {
            throw new InputException("line", $"is not valid JSON: {e.Message}");
        }
    }
}

/// <summary>What is wrong with a line, and in which field.</summary>
internal sealed class InputException(FieldProblem problem) : Exception(problem.ToString())
{
    public InputException(string field, string text) : this(new FieldProblem(field, text))
    {
    }

    public FieldProblem Problem { get; } = problem;

    /// <summary>The value, if it is within these limits.</summary>
    public static double Within(string field, double value, double least, double most) =>
        value >= least && value <= most
            ? value
            : throw new InputException(field, FormattableString.Invariant($"{value} is not from {least} to {most}"));
}
