using LoadBalancer.Contracts;
using LoadBalancer.Worker.Executors;
using LoadBalancer.Worker.Processes;
using LoadBalancer.Worker.Reporting;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Sessions;

/// <summary>What outlives a worker's sessions and is handed from one to the next.</summary>
internal sealed record WorkerEquipment
{
    public required WorkerOptions Options { get; init; }

    public required WorkerCapabilities Capabilities { get; init; }

    public required WorkDirectory Directory { get; init; }

    public required WorkerEndpoints Endpoints { get; init; }

    public required ExecutorSet Executors { get; init; }

    public required Guard Guard { get; init; }

    public required Func<int> Refusals { get; init; }

    public required Reporter Reporter { get; init; }

    public required ResultStore Results { get; init; }

    public required LeaderEpoch Epoch { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }
}
