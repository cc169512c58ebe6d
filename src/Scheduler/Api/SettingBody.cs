using System.Globalization;
using System.Text.Json;
using LoadBalancer.Scheduler.LiveSettings;
using LoadBalancer.Scheduler.Submissions;

namespace LoadBalancer.Scheduler.Api;

/// <summary>A body that sets something, read as JSON; what is wrong with it is answered with the field and the value.</summary>
internal static class SettingBody
{
    private const int MostBytes = 256 * 1024;

    /// <exception cref="BadHttpRequestException">It is no JSON, or too large.</exception>
    public static async Task<JsonElement> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var buffer = new byte[MostBytes + 1];
        var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > MostBytes)
            throw new BadHttpRequestException($"The body has more than {MostBytes} bytes.", StatusCodes.Status413PayloadTooLarge);

        try
        {
            using var document = JsonDocument.Parse(buffer.AsMemory(0, length));
            return document.RootElement.Clone();
        }
        catch (JsonException unreadable)
        {
            throw new BadHttpRequestException($"The body is no JSON: {unreadable.Message}", unreadable);
        }
    }

    /// <summary>The member of an object; null if there is none, or no object.</summary>
    public static JsonElement? Member(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var member) ? member : null;

    /// <summary>Answers that all was stored, or why nothing was.</summary>
    public static async Task<IResult> StoreAsync(
        HttpContext http,
        IReadOnlyCollection<SettingChange> changes,
        SettingsInForce settings,
        Func<Task<IResult>> answer,
        CancellationToken cancellationToken)
    {
        if (await settings.ChangeAsync(changes, Principal.Of(http).Name, cancellationToken))
            return await answer();

        return Results.Problem(
            statusCode: StatusCodes.Status409Conflict,
            title: "Too many are set",
            detail: $"At most {SettingsInForce.MostOfAKind} of a kind can be set live; take back others first.");
    }

    public static IResult Missing(string field, string what) => Results.ValidationProblem(
        new Dictionary<string, string[]> { [field] = [$"is missing; {what}"] },
        title: "The request cannot be read",
        detail: $"{field}: is missing; {what}");

    /// <summary>A value as it stands in the body, for an answer.</summary>
    public static IResult Refuse(string field, JsonElement value, string problem) => Results.ValidationProblem(
        new Dictionary<string, string[]> { [field] = [$"{Quote.Json(value)} {problem}"] },
        title: "The request cannot be read",
        detail: $"{field}: {Quote.Json(value)} {problem}");

    public static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
