using System.ComponentModel;
using System.Globalization;
using LoadBalancer.Contracts;
using LoadBalancer.Worker.Processes;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Executors;

/// <summary>
/// The built-in executor, for every test type without one of its own: starts the run's command and judges by its exit code. Artifacts are
/// not collected. A test works in its workspace when it has one, else in a directory of its own that is deleted afterwards.
/// </summary>
internal sealed class ProcessExecutor(
    string runsDirectory, Workspaces workspaces, ProcessRunner runner, WorkerOptions options, TimeProvider time,
    ILogger<ProcessExecutor> logger)
    : ITestExecutor
{
    // By signal 9, which nobody but the kernel sends without our doing.
    private const int Killed = 128 + Signals.Kill;

    public string TestType => "";

    public async Task<TestFinished> RunAsync(RunTest run, Action<TestProgress> progress, CancellationToken stop)
    {
        var finished = new TestFinished { RunId = run.RunId, Attempt = run.Attempt, Outcome = TestOutcome.WorkerError };
        var directory = Path.Combine(runsDirectory, string.Create(CultureInfo.InvariantCulture, $"{run.RunId:N}-{run.Attempt}"));
        try
        {
            return await RunInAsync(directory, run, finished, stop);
        }
        catch (TestCannotRunException reason)
        {
            return finished with { Error = reason.Message, OutputHead = reason.OutputHead, OutputTail = reason.OutputTail };
        }
        catch (Win32Exception refused)
        {
            return finished with { Error = $"'{run.Command?.Executable}' could not be started: {refused.Message}" };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return finished with { Outcome = TestOutcome.Stopped };
        }
        finally
        {
            Delete(directory);
        }
    }

    private async Task<TestFinished> RunInAsync(string runDirectory, RunTest run, TestFinished finished, CancellationToken stop)
    {
        var command = run.Command ?? throw new TestCannotRunException(
            $"the run has no command, and this worker has no executor for test type '{run.TestType}'");
        Directory.CreateDirectory(runDirectory);

        var prepareStarted = time.GetTimestamp();
        var workspace = run.Workspace is null ? null : await workspaces.PrepareAsync(run, run.Workspace, stop);
        var prepareSeconds = run.Workspace is null ? 0 : time.GetElapsedTime(prepareStarted).TotalSeconds;

        var attempt = AttemptVariables.Of(run, options.Id, runDirectory, workspace);
        var environment = CleanEnvironment.Build(command, options.AllowedEnvironment, attempt);
        if (workspace is null && command.WorkingDirectory is { } inside && !inside.Contains('\0', StringComparison.Ordinal))
            Directory.CreateDirectory(ConfinedPath.Resolve(runDirectory, inside));
        var resolved = CommandResolution.Resolve(command, workspace ?? runDirectory, environment, options.AllowedExecutables);

        var timeout = TimeSpan.FromSeconds(Math.Min(run.TimeoutSeconds, TimeSpan.MaxValue.TotalSeconds / 2));
        var result = await runner.RunAsync(resolved, timeout, stop);
        return Judged(finished, run, command, result) with
        {
            DurationSeconds = result.Duration.TotalSeconds,
            PrepareSeconds = prepareSeconds,
            CpuSeconds = result.CpuSeconds,
            PeakMemoryGb = result.PeakMemoryGb,
            OutputHead = environment.Note + result.OutputHead,
            OutputTail = result.OutputTail,
        };
    }

    private static TestFinished Judged(TestFinished finished, RunTest run, TestCommand command, ProcessResult result)
    {
        var exitCode = result.ExitCode;
        return result.Ending switch
        {
            ProcessEnding.Stopped => finished with { Outcome = TestOutcome.Stopped },
            ProcessEnding.TimedOut => finished with
            {
                Outcome = TestOutcome.TimedOut,
                Error = string.Create(CultureInfo.InvariantCulture, $"did not end within {run.TimeoutSeconds} s"),
            },
            _ when exitCode == Killed && result.MemoryKills > 0 => finished with { Outcome = TestOutcome.OutOfMemory, ExitCode = exitCode, Error = WantOfMemory(run, result) },
            _ when exitCode == 0 => finished with { Outcome = TestOutcome.Passed, ExitCode = 0 },
            _ when command.SkippedExitCodes.Contains(exitCode) => finished with { Outcome = TestOutcome.Skipped, ExitCode = exitCode },
            _ => finished with { Outcome = TestOutcome.Failed, ExitCode = exitCode, Error = Meaning(exitCode) + Meanwhile(result) },
        };
    }

    /// <summary>The peak is what was seen last: what is killed for its memory grows faster than it is looked at.</summary>
    private static string WantOfMemory(RunTest run, ProcessResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"the kernel killed it for want of memory; it was seen using {result.PeakMemoryGb:0.###} GB, and {run.MemoryGb:0.###} GB were reserved for it. Raise requirements.minimumMemoryGb to what it needs, or find out why it needs so much");

    /// <summary>A test whose own child was killed ends as it likes; whether it was its child cannot be known.</summary>
    private static string Meanwhile(ProcessResult result) => result.MemoryKills == 0
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"; while it ran, the kernel killed {result.MemoryKills} process(es) of this worker for want of memory, perhaps one of its own");

    private static string Meaning(int exitCode) =>
        exitCode is > 128 and <= 128 + 64 ? $"ended by signal {exitCode - 128}" : $"ended with exit code {exitCode}";

    private void Delete(string directory)
    {
        try
        {
            if (Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            logger.RunDirectoryLeft(directory, error.Message);
        }
    }
}
