using System.Globalization;
using LoadBalancer.Contracts;
using LoadBalancer.Worker.Executors;

namespace LoadBalancer.NoOpWorker;

/// <summary>Ends at once, or after as many seconds as the test wants, so that what is measured is all that happens around a test.</summary>
internal sealed class NoOpExecutor : ITestExecutor
{
    public string TestType => "noop";

    public async Task<TestFinished> RunAsync(RunTest run, Action<TestProgress> progress, CancellationToken stop)
    {
        if (run.Parameters.TryGetValue("seconds", out var seconds))
            await Task.Delay(TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)), TimeProvider.System, stop);
        return new TestFinished { RunId = run.RunId, Attempt = run.Attempt, Outcome = TestOutcome.Passed };
    }
}
