using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Persistence.Grouped;

/// <summary>What one event made of a run: an entry of a commit.</summary>
/// <param name="Run">A copy that nobody else has yet, with its effects.</param>
/// <param name="Stored">The run as it is stored; null for a new one.</param>
/// <param name="IsChanged">False when the event only leaves evidence behind.</param>
internal sealed record RunWrite(TestRun Run, TestRun? Stored, bool IsChanged)
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when it is durable; fails with what kept it from being stored.</summary>
    public Task Done => done.Task;

    public void Complete() => done.TrySetResult();

    public void Fail(Exception exception) => done.TrySetException(exception);
}
