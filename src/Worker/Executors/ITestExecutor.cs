using LoadBalancer.Contracts;

namespace LoadBalancer.Worker.Executors;

/// <summary>Runs the tests of one type. The built-in one starts a process; a user adds others.</summary>
public interface ITestExecutor
{
    /// <summary>The <c>testType</c> it is for.</summary>
    string TestType { get; }

    /// <summary>
    /// Runs one attempt to its end. When it returns, nothing of the attempt uses the devices any more. An exception is reported as
    /// <see cref="TestOutcome.WorkerError"/> with its message.
    /// </summary>
    /// <param name="run">What to run, with the reserved devices. The limit on its time is the executor's to keep.</param>
    /// <param name="progress">Tells whoever watches how far it is; may be called from any thread.</param>
    /// <param name="stop">Asks it to end early; the outcome is then <see cref="TestOutcome.Stopped"/>.</param>
    Task<TestFinished> RunAsync(RunTest run, Action<TestProgress> progress, CancellationToken stop);
}
