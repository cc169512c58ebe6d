using System.Diagnostics.CodeAnalysis;
using LoadBalancer.Contracts;

namespace LoadBalancer.Worker.Sessions;

/// <summary>One attempt that this session took. Its state changes only in <see cref="AttemptLedger"/>.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The source has no timer and no wait handle: nothing to dispose of.")]
internal sealed class TestAttempt(RunTest run)
{
    private readonly CancellationTokenSource ending = new();
    private readonly TaskCompletionSource decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RunTest Run => run;

    public RunAttempt Id { get; } = new(run.RunId, run.Attempt);

    public bool Started { get; set; }

    /// <summary>Why it is being stopped, or null.</summary>
    public string? StopReason { get; private set; }

    /// <summary>Cancelled when it was withdrawn before its start, or is to stop.</summary>
    public CancellationToken Ending => ending.Token;

    /// <summary>Completes when it has started or was withdrawn.</summary>
    public Task Decided => decided.Task;

    /// <summary>Completes when nothing of it is left here.</summary>
    public Task Ended => ended.Task;

    public void MarkDecided() => decided.TrySetResult();

    public void MarkEnded()
    {
        decided.TrySetResult();
        ended.TrySetResult();
    }

    /// <summary>Asks it to end; the first reason stays.</summary>
    public void End(string reason)
    {
        StopReason ??= reason;
        // Not awaited: the callbacks wait for a process to end, and the caller holds the ledger's lock.
        _ = ending.CancelAsync();
    }
}
