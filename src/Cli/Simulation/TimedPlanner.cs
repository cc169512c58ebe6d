using LoadBalancer.Placement;

namespace LoadBalancer.Cli.Simulation;

/// <summary>The planner with a stopwatch on every step.</summary>
internal sealed class TimedPlanner(Planner planner, DurationModel durations, TimeProvider time)
{
    private readonly List<TimeSpan> plans = [];

    /// <summary>Wall time inside the planner and what it learns with.</summary>
    public TimeSpan Total { get; private set; }

    /// <summary>Wall time of each planning step.</summary>
    public IReadOnlyList<TimeSpan> Plans => plans;

    public int Waiting => planner.Waiting;

    public Plan Plan(DateTimeOffset now, int maxDecisions)
    {
        var before = Total;
        var plan = Timed(() => planner.Plan(now, maxDecisions));
        plans.Add(Total - before);
        return plan;
    }

    public void Submit(TestDemand demand) => Timed(() =>
    {
        planner.Submit(demand);
        return true;
    });

    public void Register(WorkerProfile worker) => Timed(() =>
    {
        planner.Register(worker);
        return true;
    });

    public void Forget(string workerId) => Timed(() =>
    {
        planner.Forget(workerId);
        return true;
    });

    public void Learn(RunOutcome outcome) => Timed(() =>
    {
        durations.Learn(outcome);
        return true;
    });

    public bool Release(Guid runId, int attempt) => Timed(() => planner.Release(runId, attempt));

    public bool Withdraw(Guid runId) => Timed(() => planner.Withdraw(runId));

    private T Timed<T>(Func<T> step)
    {
        var started = time.GetTimestamp();
        var result = step();
        Total += time.GetElapsedTime(started);
        return result;
    }
}
