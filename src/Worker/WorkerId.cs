using System.Text.RegularExpressions;

namespace LoadBalancer.Worker;

/// <summary>A worker's id is part of its queue names, so ids that would name another queue are refused.</summary>
internal static partial class WorkerId
{
    private const int MaxLength = 63;

    /// <returns>What is wrong with the id, or null.</returns>
    public static string? Fault(string id) =>
        !Allowed().IsMatch(id) ? "may hold only a-z, 0-9 and -, 1 to 63 of them"
        : id is "events" or "heartbeats" ? "is the name of a queue of the scheduler"
        : id.EndsWith("-control", StringComparison.Ordinal) ? "must not end in -control, which names another worker's command queue"
        : id.Contains("-reply-", StringComparison.Ordinal) ? "must not contain -reply-, which names another worker's answer queue"
        : null;

    public static string OfThisHost()
    {
        var name = Forbidden().Replace(Environment.MachineName.ToLowerInvariant(), "-").Trim('-');
        return name.Length == 0 ? "worker" : name[..Math.Min(name.Length, MaxLength)];
    }

    [GeneratedRegex(@"\A[a-z0-9-]{1,63}\z")]
    private static partial Regex Allowed();

    [GeneratedRegex("[^a-z0-9-]")]
    private static partial Regex Forbidden();
}
