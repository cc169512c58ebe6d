using System.Text;
using System.Text.Json.Nodes;

namespace LoadBalancer.System.Tests.Input;

/// <summary>What must become of a body.</summary>
internal enum Fate
{
    /// <summary>No test can be read from it: the whole body is answered, or kept, with the reason.</summary>
    Unreadable,

    /// <summary>Its test is refused with the field and the value.</summary>
    Refused,

    /// <summary>It is a valid test, whose every field is kept as it came.</summary>
    Stored,
}

/// <summary>A body that somebody careless or hostile may send.</summary>
/// <param name="Name">For the message of a failing test.</param>
/// <param name="Body">As it travels.</param>
/// <param name="Fate">What must become of it.</param>
/// <param name="Says">What the reason must contain.</param>
internal sealed record BadSubmission(string Name, byte[] Body, Fate Fate, params string[] Says)
{
    /// <summary>The run that the body names; a body that names none, or no GUID, is found by its reason.</summary>
    public Guid? RunId { get; private init; }

    /// <summary>The fields that are stored of a valid test.</summary>
    public JsonObject Kept { get; private init; } = [];

    public string Text => Encoding.UTF8.GetString(Body);

    public static BadSubmission Unreadable(string name, string body, params string[] says) =>
        new(name, Encoding.UTF8.GetBytes(body), Fate.Unreadable, says);

    public static BadSubmission Refused(string name, string fields, params string[] says) => Test(name, fields, Fate.Refused, says);

    /// <param name="name">For the message of a failing test.</param>
    /// <param name="fields">What is sent.</param>
    /// <param name="kept">What is kept of it, where that is not every field as it came.</param>
    public static BadSubmission Stored(string name, string fields, string? kept = null)
    {
        var stored = Test(name, fields, Fate.Stored);
        return stored with { Kept = JsonNode.Parse(kept ?? stored.Text)!.AsObject() };
    }

    private static BadSubmission Test(string name, string fields, Fate fate, params string[] says)
    {
        var runId = Guid.NewGuid();
        var testId = fields.Contains("\"testId\"", StringComparison.Ordinal) ? "" : $"\"testId\": \"{name}\", ";
        var own = fields.Contains("\"runId\"", StringComparison.Ordinal);
        var identity = own ? "" : $"\"runId\": \"{runId}\", ";
        return new BadSubmission(name, Encoding.UTF8.GetBytes($"{{{identity}{testId}{fields}}}"), fate, says) { RunId = own ? null : runId };
    }
}
