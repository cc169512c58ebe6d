using LoadBalancer.Contracts;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>
/// How far the workers' heartbeats have been read. The scheduler sends a heartbeat of its own through their queue at an interval and stores
/// something when it comes back. While none comes back, those of the workers do not either (no connection, a blocked one, a queue that
/// waits, a database that is away), so no lease ends; after such an outage every lease begins anew.
/// </summary>
internal sealed class HeartbeatPulse
{
    /// <summary>No worker can have this id.</summary>
    public const string Sender = "@scheduler";

    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>A gap this long is an outage: a worker may have missed a heartbeat by no fault of its own.</summary>
    public static readonly TimeSpan Outage = 3 * Interval;

    private static readonly long MaxTicks = DateTimeOffset.MaxValue.UtcTicks;

    private readonly Lock gate = new();
    private readonly Guid id = Guid.NewGuid();
    private DateTimeOffset readAt;
    private DateTimeOffset readUpTo;

    /// <summary>What was sent before this has been read. Leases are compared with it, never with the clock itself.</summary>
    public DateTimeOffset ReadUpTo
    {
        get
        {
            lock (gate)
                return readUpTo;
        }
    }

    /// <summary>Since when nothing has been read; the beginning of time before the first.</summary>
    public DateTimeOffset ReadAt
    {
        get
        {
            lock (gate)
                return readAt;
        }
    }

    /// <summary>Why the last one that came back could not be stored; null when it was.</summary>
    public string? Problem { get; private set; }

    public WorkerHeartbeat Next(DateTimeOffset now) => new() { WorkerId = Sender, SessionId = id, Sequence = now.UtcTicks };

    /// <returns>When it was sent, or null: it is one of an earlier process.</returns>
    public DateTimeOffset? SentAt(WorkerHeartbeat heartbeat) =>
        heartbeat.SessionId == id && heartbeat.Sequence > 0 && heartbeat.Sequence <= MaxTicks ? new DateTimeOffset(heartbeat.Sequence, TimeSpan.Zero) : null;

    /// <summary>Whether reading one now ends a time in which none could be read, or in which the clock was set.</summary>
    public bool EndsOutage(DateTimeOffset sentAt, DateTimeOffset now)
    {
        lock (gate)
            return now - readAt > Outage || now - sentAt > Outage || now < readAt;
    }

    public void NotStored(string problem)
    {
        lock (gate)
            Problem = problem;
    }

    /// <summary>To be called once what follows from <see cref="EndsOutage"/> is stored.</summary>
    public void Read(DateTimeOffset sentAt, DateTimeOffset now)
    {
        lock (gate)
        {
            Problem = null;
            var clockWasSetBack = now < readAt;
            var upTo = sentAt < now ? sentAt : now;
            readAt = now;
            if (upTo > readUpTo || clockWasSetBack)
                readUpTo = upTo;
        }
    }
}
