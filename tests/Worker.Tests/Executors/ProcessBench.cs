using LoadBalancer.Contracts;
using LoadBalancer.Worker.Executors;
using LoadBalancer.Worker.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Worker.Tests.Executors;

/// <summary>A process executor in a folder of its own.</summary>
internal sealed class ProcessBench : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Guard guard;

    public ProcessBench(WorkerOptions? options = null, MemoryKills? memoryKills = null)
    {
        options ??= new WorkerOptions { Id = "w1", KillGrace = TimeSpan.FromMilliseconds(300) };
        guard = new Guard(Mark, TimeProvider.System);
        var runner = new ProcessRunner(guard, Mark, options.KillGrace, TimeProvider.System, memoryKills ?? MemoryKills.Here());
        Directory.CreateDirectory(folder["workspaces"]);
        var workspaces = new Workspaces(folder["workspaces"], runner, options);
        Executor = new ProcessExecutor(folder["runs"], workspaces, runner, options, TimeProvider.System, NullLogger<ProcessExecutor>.Instance);
    }

    public ProcessMark Mark { get; } = new(Guid.NewGuid().ToString("N"));

    public ProcessExecutor Executor { get; }

    public TemporaryFolder Folder => folder;

    public static RunTest Run(TestCommand? command, double timeoutSeconds = 60, TestWorkspace? workspace = null, params AssignedDevice[] devices) => new()
    {
        RunId = Guid.NewGuid(),
        Attempt = 2,
        SessionId = Guid.NewGuid(),
        TestId = "suite/test",
        Command = command,
        TimeoutSeconds = timeoutSeconds,
        Workspace = workspace,
        Devices = devices,
    };

    public static TestCommand Shell(string script, params string[] arguments) => new() { Executable = "sh", Arguments = ["-c", script, "sh", .. arguments] };

    public Task<TestFinished> RunAsync(string script, double timeoutSeconds = 60) => RunAsync(Run(Shell(script), timeoutSeconds));

    public Task<TestFinished> RunAsync(TestCommand command) => RunAsync(Run(command));

    public Task<TestFinished> RunAsync(RunTest run) => RunUntilAsync(run, TestContext.Current.CancellationToken);

    public async Task<TestFinished> RunUntilAsync(RunTest run, CancellationToken stop)
    {
        var finished = await Executor.RunAsync(run, _ => { }, stop);
        Assert.Empty(Mark.Bearers());
        return finished;
    }

    public void Dispose()
    {
        guard.Dispose();
        folder.Dispose();
    }
}
