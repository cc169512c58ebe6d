using System.Net;
using System.Text.Json;

namespace LoadBalancer.Cli.Api;

/// <summary>The problem details (RFC 9457) of an answer that is no success.</summary>
internal sealed record Problem
{
    public string? Title { get; init; }

    public string? Detail { get; init; }

    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors { get; init; }

    /// <summary>What the answer means for the person who ran <c>lb</c>. Its cause carries the status code.</summary>
    public static async Task<LbException> Read(HttpResponseMessage answer, Uri address, CancellationToken cancel)
    {
        var status = answer.StatusCode;
        var text = Text(await answer.Content.ReadAsStringAsync(cancel), status);
        var cause = new HttpRequestException(text, null, status);
        return status switch
        {
            HttpStatusCode.Unauthorized => new LbException(ExitCode.BadInput,
                $"the scheduler at {address} wants a token: {text}. Set LB_TOKEN.", cause),
            HttpStatusCode.Forbidden => new LbException(ExitCode.BadInput,
                $"the token does not allow this at {address}: {text}. Set LB_TOKEN to one with the role that it needs.", cause),
            >= HttpStatusCode.InternalServerError => LbException.Unreachable(
                $"the scheduler at {address} cannot answer now ({(int)status}): {text}. Try again, and read its log.", cause),
            _ => new LbException(ExitCode.BadInput, text, cause),
        };
    }

    private static string Text(string body, HttpStatusCode status)
    {
        if (Parse(body) is not { } problem) return $"status {(int)status} ({status})";

        var summary = string.Join(": ", new[] { problem.Title, problem.Detail }.Where(part => !string.IsNullOrWhiteSpace(part)));
        var errors = (problem.Errors ?? new Dictionary<string, IReadOnlyList<string>>())
            .SelectMany(field => field.Value.Select(message => $"\n  {field.Key}: {message}"));
        return (summary.Length > 0 ? summary.TrimEnd('.') : $"status {(int)status}") + string.Concat(errors);
    }

    private static Problem? Parse(string body)
    {
        try
        {
            return JsonSerializer.Deserialize<Problem>(body, Json.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
