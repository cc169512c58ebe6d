namespace LoadBalancer.Placement.Tests;

/// <summary>A planner on a virtual clock: runs come when they are submitted and end when they have taken their time.</summary>
internal sealed class Timeline(Planner planner)
{
    private readonly PriorityQueue<TimedRun, DateTimeOffset> coming = new();
    private readonly PriorityQueue<TimedRun, DateTimeOffset> running = new();
    private readonly Dictionary<Guid, TimedRun> waiting = [];

    public DateTimeOffset Now { get; private set; } = Given.Noon;

    public IReadOnlyCollection<TimedRun> Waiting => waiting.Values;

    public TimedRun Add(TestDemand demand, TimeSpan length)
    {
        var run = new TimedRun(demand, length);
        coming.Enqueue(run, demand.SubmittedAt);
        return run;
    }

    /// <summary>Goes to the next moment at which something comes or ends, and plans.</summary>
    /// <returns>What has ended; null if nothing is left to happen.</returns>
    public IReadOnlyList<TimedRun>? Next()
    {
        var comes = coming.TryPeek(out _, out var comesAt);
        if (!running.TryPeek(out _, out var endsAt) && !comes)
            return null;

        Now = running.Count == 0 || (comes && comesAt < endsAt) ? comesAt : endsAt;
        var ended = new List<TimedRun>();
        while (Take(running) is { } run)
        {
            planner.Release(run.Demand.RunId, run.Demand.Attempt);
            ended.Add(run);
        }

        while (Take(coming) is { } run)
        {
            planner.Submit(run.Demand);
            waiting.Add(run.Demand.RunId, run);
        }

        foreach (var decision in planner.Plan(Now, int.MaxValue).Decisions)
        {
            waiting.Remove(decision.RunId, out var run);
            run!.StartedAt = Now;
            running.Enqueue(run, Now + run.Length);
        }

        return ended;
    }

    private TimedRun? Take(PriorityQueue<TimedRun, DateTimeOffset> queue) =>
        queue.TryPeek(out var run, out var due) && due <= Now ? queue.Dequeue() : null;
}

/// <summary>A run, the time that it takes in truth, and when it started.</summary>
internal sealed class TimedRun(TestDemand demand, TimeSpan length)
{
    public TestDemand Demand { get; } = demand;

    public TimeSpan Length { get; } = length;

    public DateTimeOffset? StartedAt { get; set; }
}
