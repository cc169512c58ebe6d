using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Fleet;

namespace LoadBalancer.Cli.Simulation;

/// <summary>One line of a fleet: so many equal workers.</summary>
internal sealed record FleetLine
{
    public required string WorkerId { get; init; }

    public int Count { get; init; } = 1;

    public required string Class { get; init; }

    /// <summary>Runs at once on each of them, whatever else is free.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Divides the times of classes that a trace does not name.</summary>
    public double Speed { get; init; } = 1;

    public TimeSpan JoinsAt { get; init; }

    /// <summary>Dies then, without a word; null for never.</summary>
    public TimeSpan? LeavesAt { get; init; }

    public required WorkerCapabilities Capabilities { get; init; }

    public IEnumerable<string> WorkerIds => Count == 1 ? [WorkerId] : Enumerable.Range(1, Count).Select(number => $"{WorkerId}-{number}");

    public WorkerProfile Profile(string workerId, bool accepting) => Demands.Of(
        new WorkerSession { WorkerId = workerId, Slots = Slots, Capabilities = Capabilities with { Class = Class } }, accepting);
}
