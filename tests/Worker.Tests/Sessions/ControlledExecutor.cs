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

    public void End(Guid runId) => ends[runId].SetResult();

    public async Task<TestFinished> RunAsync(RunTest run, Action<TestProgress> progress, CancellationToken stop)
    {
        var end = ends[run.RunId] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Started.Enqueue(new RunAttempt(run.RunId, run.Attempt));
        await end.Task.WaitAsync(stop);
        return new TestFinished { RunId = Guid.Empty, Attempt = 0, Outcome = TestOutcome.Passed };
    }
}
