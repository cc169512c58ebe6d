using System.Text.Json;
using LoadBalancer.Scheduler.Submissions;

namespace LoadBalancer.Cli.Simulation;

/// <summary>How many runs may hold a concurrency key at once, from <c>{"license": 2}</c>; a key that is not named is exclusive.</summary>
internal static class KeyLimits
{
    private const int Default = 1;

    /// <exception cref="LbException">Not an object of names and whole numbers from 1.</exception>
    public static IReadOnlyDictionary<string, int> Parse(string? json)
    {
        if (json is null) return new Dictionary<string, int>();
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind is not JsonValueKind.Object)
                throw Wrong($"is {Quote.Json(root)}; an object such as {{\"license\": 2}} is expected");
            if (FieldScan.Problems(root).FirstOrDefault() is { } problem) throw Wrong(problem.ToString());
            return root.EnumerateObject().ToDictionary(key => key.Name, Limit);
        }
        catch (JsonException e)
        {
            throw Wrong($"is not valid JSON: {e.Message}");
        }
    }

    public static int Of(this IReadOnlyDictionary<string, int> limits, string key) =>
        limits.TryGetValue(key, out var limit) ? limit : Default;

    /// <summary>A closed key (0) is refused here: what waits for it would never end.</summary>
    private static int Limit(JsonProperty key) =>
        key.Value.ValueKind is JsonValueKind.Number && key.Value.TryGetInt32(out var limit) && limit >= 1
            ? limit
            : throw Wrong($"{Quote.Name(key.Name)}: {Quote.Json(key.Value)} is not a whole number from 1");

    private static LbException Wrong(string problem) => LbException.BadInput($"--keys: {problem}");
}
