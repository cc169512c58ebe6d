using System.Text.RegularExpressions;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>Which names a worker may have: its queues are named after it, so it must not take another one's.</summary>
internal static partial class WorkerIds
{
    /// <returns>What is wrong with the id, or null.</returns>
    public static string? Problem(string workerId)
    {
        if (!Pattern().IsMatch(workerId))
            return $"worker id '{workerId}' is not of the form [a-z0-9-]{{1,63}}";
        if (workerId is "events" or "heartbeats" || workerId.EndsWith("-control", StringComparison.Ordinal) || workerId.Contains("-reply-", StringComparison.Ordinal))
            return $"worker id '{workerId}' is reserved: its queue would be somebody else's";
        return null;
    }

    [GeneratedRegex(@"\A[a-z0-9-]{1,63}\z")]
    private static partial Regex Pattern();
}
