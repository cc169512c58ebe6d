using System.Collections.Concurrent;
using LoadBalancer.Contracts;
using LoadBalancer.Worker.Executors;

namespace LoadBalancer.Worker.Tests.Sessions;

/// <summary>Runs that last until the test ends them, or until they are stopped.</summary>
internal sealed class ControlledExecutor : ITestExecutor
{
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> ends = new();

    public string TestType => "controlled";

    public ConcurrentQueue<RunAttempt> Started { get; } = new();

    /// <summary>Ends the run, also one that is said to have started and has not reached this executor yet.</summary>
    public void End(Guid runId) => EndOf(runId).SetResult();

    public async Task<TestFinished> RunAsync(RunTest run, Action<TestProgress> progress, CancellationToken stop)
    {
        Started.Enqueue(new RunAttempt(run.RunId, run.Attempt));
        await EndOf(run.RunId).Task.WaitAsync(stop);
        ends.TryRemove(run.RunId, out _);
        return new TestFinished { RunId = Guid.Empty, Attempt = 0, Outcome = TestOutcome.Passed };
    }

    private TaskCompletionSource EndOf(Guid runId) =>
        ends.GetOrAdd(runId, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
