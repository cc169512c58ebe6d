namespace LoadBalancer.Placement.Tests;

/// <summary>One thing that happens to a planner. Runs and reservations are named by position, so that every sequence makes sense.</summary>
public abstract record Step
{
    public sealed record Submit(TestDemand Demand) : Step;

    public sealed record Withdraw(int Position) : Step;

    public sealed record Register(WorkerProfile Worker) : Step;

    public sealed record Forget(string WorkerId) : Step;

    public sealed record LimitKey(string Key, int Limit) : Step;

    public sealed record Restore(Reservation Reservation) : Step;

    public sealed record Release(int Position) : Step;

    /// <summary>A commit that failed: what was placed is released and waits again.</summary>
    public sealed record TakeBack(int Position) : Step;

    /// <summary>The worker says that it runs.</summary>
    public sealed record Start(int Position) : Step;

    public sealed record Learn(params RunOutcome[] Outcomes) : Step;

    public sealed record Share(string Submitter, double Weight) : Step;

    public sealed record MakePlan(int MaxDecisions, TimeSpan Later) : Step;
}
