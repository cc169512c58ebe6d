namespace LoadBalancer.Contracts;

/// <summary>The only place where a queue, an exchange or a routing key is spelled. Operators see these names in the management UI.</summary>
public static class Names
{
    public const string SubmitTest = "submit-test";
    public const string CancelTest = "cancel-test";

    /// <summary>Direct exchange; routing key = worker id.</summary>
    public const string Assignments = "assignments";

    public const string WorkerEvents = "worker-events";
    public const string WorkerHeartbeats = "worker-heartbeats";

    /// <summary>Topic exchange; routing key from <see cref="EventRoutingKey"/>.</summary>
    public const string TestEvents = "test-events";

    public static string WorkerQueue(string workerId) => $"worker-{workerId}";

    public static string WorkerControl(string workerId) => $"worker-{workerId}-control";

    public static string WorkerReply(string workerId, Guid sessionId) => $"worker-{workerId}-reply-{sessionId:N}";

    public static string EventRoutingKey(string testType, string state) =>
        $"{(testType.Length == 0 ? "default" : testType)}.{state.ToLowerInvariant()}";
}
