namespace LoadBalancer.Cli.Simulation;

/// <summary>Something that happens by itself at a known time. At one instant they happen in the order of these cases.</summary>
internal abstract record SimulatedEvent(int Rank)
{
    /// <summary>An attempt ends, also one that ends with its worker's lease.</summary>
    public sealed record AttemptEnds(SimulatedAttempt Attempt) : SimulatedEvent(0);

    public sealed record LeaseEnds(string WorkerId) : SimulatedEvent(1);

    public sealed record WorkerJoins(FleetLine Kind, string WorkerId) : SimulatedEvent(2);

    public sealed record RunArrives(RunProgress Run) : SimulatedEvent(3);

    public sealed record QueueTimeEnds(RunProgress Run) : SimulatedEvent(4);

    /// <summary>The planner asked to be asked again.</summary>
    public sealed record PlannerWakes() : SimulatedEvent(5);
}

/// <summary>The virtual clock: it stands still while something happens, and goes on to what happens next.</summary>
internal sealed class EventQueue
{
    private readonly PriorityQueue<SimulatedEvent, (TimeSpan At, int Rank, long Number)> events = new();
    private long lastNumber;

    public void Add(TimeSpan at, SimulatedEvent happening) => events.Enqueue(happening, (at, happening.Rank, ++lastNumber));

    /// <summary>When the next event is due; null when nothing will happen any more.</summary>
    public TimeSpan? Next => events.TryPeek(out _, out var order) ? order.At : null;

    /// <summary>Takes out the next event of this instant.</summary>
    public bool TryTake(TimeSpan at, out SimulatedEvent happening)
    {
        if (events.TryPeek(out happening!, out var order) && order.At == at)
        {
            events.Dequeue();
            return true;
        }

        return false;
    }
}
