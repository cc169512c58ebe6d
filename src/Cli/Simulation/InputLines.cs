using System.Text.Json;
using System.Text.Json.Serialization;
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
            var lines = File.ReadAllLines(path);
            var count = lines.Length;
            while (count > 0 && string.IsNullOrWhiteSpace(lines[count - 1])) count--;
            return [.. lines.Take(count).Select((line, index) => Read(path, line, index, make))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LbException.BadInput($"cannot read {path}: {e.Message}");
        }
    }

    private static T Read<TLine, T>(string path, string line, int index, Func<TLine, int, T> make)
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

    private static TLine Parse<TLine>(string line)
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

    private static JsonDocument Document(string line)
    {
        if (string.IsNullOrWhiteSpace(line)) throw new InputException("line", "is empty; an object is expected");
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

    /// <summary>The value, if it is a number from 0 or above to the most that is sensible.</summary>
    public static double Within(string field, double value, double least, double most) =>
        value >= least && value <= most ? value : throw new InputException(field, FormattableString.Invariant($"{value} is not from {least} to {most}"));
}
