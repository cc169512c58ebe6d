using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Processes;

namespace LoadBalancer.System.Tests.Input;

/// <summary>What the API said to a request.</summary>
internal sealed record Answer(int Status, string MediaType, string Text)
{
    public static async Task<Answer> ToAsync(SchedulerProcess scheduler, HttpMethod method, string path, byte[]? body = null)
    {
        using var content = body is null ? null : new ByteArrayContent(body);
        content?.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        using var answer = await scheduler.SendAsync(method, path, content);
        var text = await answer.Content.ReadAsStringAsync();
        return new Answer((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType ?? "", text);
    }

    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    /// <summary>What is wrong with it as problem details of that status with these words; null if nothing is.</summary>
    public string? ProblemWith(int status, IReadOnlyCollection<string> says)
    {
        if (Status != status || MediaType != "application/problem+json")
        {
            return $"was answered {Status} {MediaType} {Start(Text)}";
        }

        return Missing((string?)Json["detail"] ?? "", says);
    }

    /// <summary>Which words a reason lacks; null if none.</summary>
    public static string? Missing(string reason, IReadOnlyCollection<string> says)
    {
        var missing = says.Where(word => !reason.Contains(word, StringComparison.Ordinal)).ToList();
        return missing.Count == 0 ? null : $"says '{Start(reason)}', without '{string.Join("', '", missing)}'";
    }

    private static string Start(string text) => text.Length <= 300 ? text : $"{text[..300]}…";
}
