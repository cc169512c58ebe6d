using LoadBalancer.Contracts;

namespace LoadBalancer.Worker.Sessions;

internal enum Intake
{
    Taken,

    /// <summary>This attempt or a later one of the run was taken, recalled or stopped before.</summary>
    Known,

    /// <summary>The session takes nothing new: the attempt goes back.</summary>
    Closed,
}

internal enum StopAnswer
{
    /// <summary>It runs and will be reported as it ends.</summary>
    Stopping,

    /// <summary>It had not started and never will.</summary>
    NeverStarted,

    /// <summary>It ended, or was given back, before.</summary>
    Over,
}

/// <summary>
/// Everything this session took, was asked back, or was told to stop: by run, the highest attempt. What comes at or below that is dropped,
/// in whatever order the messages come. The one place where it is decided whether an attempt starts or is withdrawn, never both.
/// </summary>
internal sealed class AttemptLedger
{
    // Far above what a queue can hold back and deliver late.
    private const int MaxRemembered = 100_000;

    private readonly Lock gate = new();
    private readonly Dictionary<Guid, int> newest = [];
    private readonly Queue<Guid> remembered = new();
    private readonly Dictionary<RunAttempt, TestAttempt> live = [];
    private bool draining;
    private bool closed;

    /// <summary>It takes nothing new ever again.</summary>
    public bool IsClosed
    {
        get
        {
            lock (gate)
                return closed;
        }
    }

    public IReadOnlyList<RunAttempt> Held => Those(attempt => !attempt.Started);

    public IReadOnlyList<RunAttempt> Running => Those(attempt => attempt.Started);

    public (Intake Answer, TestAttempt? Attempt) Take(RunTest run)
    {
        lock (gate)
        {
            if (!Remember(new RunAttempt(run.RunId, run.Attempt)))
                return (Intake.Known, null);
            if (closed || draining)
                return (Intake.Closed, null);

            var attempt = new TestAttempt(run);
            live[attempt.Id] = attempt;
            return (Intake.Taken, attempt);
        }
    }

    /// <returns>Whether it may start: false when it was withdrawn meanwhile.</returns>
    public bool Start(TestAttempt attempt)
    {
        lock (gate)
        {
            if (!live.ContainsKey(attempt.Id) || attempt.StopReason is not null)
                return false;

            attempt.Started = true;
            attempt.MarkDecided();
            return true;
        }
    }

    public void End(TestAttempt attempt)
    {
        lock (gate)
            live.Remove(attempt.Id);
        attempt.MarkEnded();
    }

    /// <returns>Whether the attempt has started here; if not, it never will.</returns>
    public bool Recall(RunAttempt id)
    {
        lock (gate)
        {
            Remember(id);
            if (!live.TryGetValue(id, out var attempt))
                return false;
            if (!attempt.Started)
                Withdraw(attempt, "recalled");
            return attempt.Started;
        }
    }

    public StopAnswer Stop(RunAttempt id, string reason)
    {
        lock (gate)
        {
            var isNew = Remember(id);
            if (!live.TryGetValue(id, out var attempt))
                return isNew ? StopAnswer.NeverStarted : StopAnswer.Over;

            if (!attempt.Started)
            {
                Withdraw(attempt, reason);
                return StopAnswer.NeverStarted;
            }

            attempt.End(reason);
            return StopAnswer.Stopping;
        }
    }

    /// <summary>Takes nothing new until resumed.</summary>
    /// <returns>What was held and goes back.</returns>
    public IReadOnlyList<RunAttempt> Drain()
    {
        lock (gate)
        {
            draining = true;
            return WithdrawHeld("the worker takes nothing new");
        }
    }

    public void Resume()
    {
        lock (gate)
            draining = false;
    }

    /// <summary>Takes nothing new ever again.</summary>
    /// <returns>What was held and goes back.</returns>
    public IReadOnlyList<RunAttempt> Close()
    {
        lock (gate)
        {
            closed = true;
            return WithdrawHeld("the session ends");
        }
    }

    public void StopAll(string reason)
    {
        lock (gate)
        {
            foreach (var attempt in live.Values)
                attempt.End(reason);
        }
    }

    /// <summary>Completes when nothing that was live at the call is left.</summary>
    public Task AllEnded()
    {
        lock (gate)
            return Task.WhenAll(live.Values.Select(attempt => attempt.Ended));
    }

    /// <summary>Completes when the attempt is over, at once when it is not live here.</summary>
    public Task Ended(RunAttempt id)
    {
        lock (gate)
            return live.GetValueOrDefault(id)?.Ended ?? Task.CompletedTask;
    }

    private IReadOnlyList<RunAttempt> WithdrawHeld(string reason)
    {
        var held = live.Values.Where(attempt => !attempt.Started).ToList();
        foreach (var attempt in held)
            Withdraw(attempt, reason);
        return [.. held.Select(attempt => attempt.Id)];
    }

    private void Withdraw(TestAttempt attempt, string reason)
    {
        live.Remove(attempt.Id);
        attempt.End(reason);
        attempt.MarkEnded();
    }

    /// <returns>Whether it is newer than what was known of the run.</returns>
    private bool Remember(RunAttempt id)
    {
        if (newest.TryGetValue(id.RunId, out var known))
        {
            newest[id.RunId] = Math.Max(known, id.Attempt);
            return id.Attempt > known;
        }

        newest[id.RunId] = id.Attempt;
        remembered.Enqueue(id.RunId);
        if (remembered.Count > MaxRemembered)
            newest.Remove(remembered.Dequeue());
        return true;
    }

    private IReadOnlyList<RunAttempt> Those(Func<TestAttempt, bool> condition)
    {
        lock (gate)
            return [.. live.Values.Where(condition).Select(attempt => attempt.Id)];
    }
}
