using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Dispatch;

namespace LoadBalancer.Cli.Simulation;

internal enum RunState
{
    Waiting,
    Placed,
    Completed,
    Failed,
    Unschedulable,
}

/// <summary>What has become of a run so far.</summary>
internal sealed class RunProgress(TracedRun run)
{
    private readonly List<string> failedOn = [];

    public TracedRun Traced { get; } = run;

    /// <summary>Made of its line, so that it is the same in every simulation.</summary>
    public Guid RunId { get; } = new(run.Index + 1, 0, 0, new byte[8]);

    public RunState State { get; set; } = RunState.Waiting;

    /// <summary>Attempts that have started.</summary>
    public int Attempts { get; private set; }

    public int RetriesUsed { get; private set; }

    public TimeSpan? FirstStart { get; private set; }

    /// <summary>When it was known to be over; null while it is not.</summary>
    public TimeSpan? EndedAt { get; private set; }

    /// <summary>Whether it ended by what the test did: only then had it all its work done.</summary>
    public bool RanToItsEnd { get; private set; }

    public TimeSpan? QueueDeadline =>
        Traced.Test.QueueTimeoutSeconds is { } limit ? Traced.At + TimeSpan.FromSeconds(limit) : null;

    /// <summary>The one place where the planner is told of a run.</summary>
    public TestDemand Demand(DateTimeOffset start) => Demands.Of(Traced.Test, RunId, start + Traced.At) with
    {
        Attempt = Attempts + 1,
        AvoidWorkers = [.. failedOn],
    };

    public void Start(TimeSpan at)
    {
        Attempts++;
        FirstStart ??= at;
    }

    public void WaitAgain(string failedWorker, bool atTheCostOfARetry)
    {
        failedOn.Add(failedWorker);
        RetriesUsed += atTheCostOfARetry ? 1 : 0;
        State = RunState.Waiting;
    }

    public void End(RunState state, TimeSpan at, bool byItself)
    {
        State = state;
        EndedAt = at;
        RanToItsEnd = byItself;
    }
}
