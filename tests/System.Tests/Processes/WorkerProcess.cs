namespace LoadBalancer.System.Tests.Processes;

/// <summary>A worker as a process.</summary>
internal sealed class WorkerProcess : ServiceProcess
{
    private WorkerProcess(string workerId, IReadOnlyDictionary<string, string> settings)
        : base("Worker", $"worker {workerId}", settings)
    {
    }

    /// <param name="broker">With its virtual host.</param>
    /// <param name="workerId">Its id.</param>
    /// <param name="slots">Runs at once.</param>
    /// <param name="workDirectory">Where its runs work and where it remembers its session.</param>
    /// <param name="settings">Environment variables beside these.</param>
    public static async Task<WorkerProcess> StartAsync(
        Uri broker, string workerId, int slots, string workDirectory, IReadOnlyDictionary<string, string> settings)
    {
        var worker = new WorkerProcess(workerId, new Dictionary<string, string>(settings)
        {
            ["Broker__Url"] = broker.ToString(),
            ["Worker__Id"] = workerId,
            ["Worker__Slots"] = $"{slots}",
            ["Worker__WorkDirectory"] = workDirectory,
        });
        await worker.WaitUntilStartedAsync();
        return worker;
    }
}
