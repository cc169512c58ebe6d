using System.Text.Encodings.Web;
using System.Text.Json;
using LoadBalancer.Scheduler.History;

namespace LoadBalancer.Scheduler.Submissions;

/// <summary>Repeats what a client sent, for a reason that people read: bounded, and with nothing in it that a terminal obeys.</summary>
internal static class Quote
{
    private const int Longest = 80;
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text(string? text) => JsonSerializer.Serialize(text is null ? null : Short(text), Readable);

    /// <summary>A name that is part of a path.</summary>
    public static string Name(string name) => Text(name)[1..^1];

    public static string Json(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => Short(value.GetRawText()),
    };

    private static string Short(string text) => text.Length <= Longest ? text : $"{StorableText.Start(text, Longest)}…";
}
