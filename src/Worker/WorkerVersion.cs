namespace LoadBalancer.Worker;

internal static class WorkerVersion
{
    public static string Text { get; } = typeof(WorkerVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
