using LoadBalancer.Contracts;

namespace LoadBalancer.Scheduler.Bus;

/// <summary>A queue that the scheduler consumes. Quorum queues keep what was confirmed; heartbeats are worth nothing a minute later.</summary>
internal sealed record SchedulerQueue(string Name, bool IsQuorum)
{
    public static readonly SchedulerQueue Submissions = new(Names.SubmitTest, IsQuorum: true);
    public static readonly SchedulerQueue Cancellations = new(Names.CancelTest, IsQuorum: true);
    public static readonly SchedulerQueue Reports = new(Names.WorkerEvents, IsQuorum: true);
    public static readonly SchedulerQueue Heartbeats = new(Names.WorkerHeartbeats, IsQuorum: false);
    public static readonly IReadOnlyList<SchedulerQueue> All = [Submissions, Cancellations, Reports, Heartbeats];
}
