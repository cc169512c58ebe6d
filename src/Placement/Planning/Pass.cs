namespace LoadBalancer.Placement;

/// <summary>One planning pass: its number and time, and who has decided in it to wait for whom.</summary>
/// <param name="number">Rises with every pass.</param>
/// <param name="now">The caller's time.</param>
/// <param name="lastSubmitted">When the newest run was submitted; who may not be overtaken by it does not wait by choice.</param>
/// <param name="freeTimes">When busy workers will be free.</param>
/// <param name="mostWaits">Beyond this many runs that rather wait, nobody may: looking further would cost more than it can gain.</param>
internal sealed class Pass(long number, DateTimeOffset now, DateTimeOffset lastSubmitted, FreeTimes freeTimes, int mostWaits)
{
    private int waits;

    /// <summary>The plan to which it adds.</summary>
    public required Draft Draft { get; init; }

    public long Number { get; } = number;

    public DateTimeOffset Now { get; } = now;

    public DateTimeOffset LastSubmitted { get; } = lastSubmitted;

    public FreeTimes FreeTimes { get; } = freeTimes;

    /// <summary>Whether somebody did not get a worker because it is kept.</summary>
    public bool HeldOff { get; set; }

    /// <summary>It hands out ahead: what looks free is the place of an attempt that is about to end.</summary>
    public bool IsAhead { get; init; }

    public bool MayWait => waits < mostWaits;

    public void Await(WaitingRun run, RegisteredWorker worker)
    {
        waits++;
        FreeTimes.Take(worker, run.SecondsOn(worker.Kind.Index));
    }
}

/// <summary>A plan in the making.</summary>
/// <param name="maxDecisions">After so many it is full.</param>
internal sealed class Draft(int maxDecisions)
{
    public List<Decision> Decisions { get; } = [];

    public List<PolicyFailure> Failures { get; } = [];

    public bool IsFull => Decisions.Count >= maxDecisions;
}
