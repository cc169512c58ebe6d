using System.Collections.Concurrent;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>Sessions whose queue an assignment did not reach. They get no new work until their queue was declared and bound again.</summary>
internal sealed class WorkerBindings
{
    private readonly ConcurrentDictionary<Guid, string> unbound = new();

    /// <summary>Raised with the worker's id, on the thread that noticed.</summary>
    public event Action<string>? Changed;

    public void Lost(string workerId, Guid sessionId)
    {
        if (unbound.TryAdd(sessionId, workerId))
            Changed?.Invoke(workerId);
    }

    public void Restored(string workerId, Guid sessionId)
    {
        if (unbound.TryRemove(sessionId, out _))
            Changed?.Invoke(workerId);
    }

    public bool IsBound(Guid sessionId) => !unbound.ContainsKey(sessionId);
}
