using LoadBalancer.Contracts;
using LoadBalancer.Worker.Sessions;

namespace LoadBalancer.Worker.Tests.Sessions;

/// <summary>A worker on the bus of a scripted scheduler.</summary>
internal sealed class AgentBench : IAsyncDisposable
{
    public const string WorkerId = "w1";

    private readonly TemporaryFolder folder = new();
    private readonly AcceptedSessions accepted = new();
    private CancellationTokenSource shutdown = new();
    private Task running = Task.CompletedTask;

    private AgentBench(ScriptedScheduler scheduler) => Scheduler = scheduler;

    public ScriptedScheduler Scheduler { get; }

    public ControlledExecutor Executor { get; } = new();

    public WorkerOptions Options { get; set; } = new()
    {
        Id = WorkerId,
        Slots = 2,
        HeartbeatInterval = TimeSpan.FromMilliseconds(100),
        KillGrace = TimeSpan.FromMilliseconds(200),
    };

    /// <summary>The session that registered last.</summary>
    public Guid Session => Scheduler.Reports.Last(entry => entry.Report is WorkerRegistered).Session;

    public static async Task<AgentBench> CreateAsync() => new(await ScriptedScheduler.StartAsync());

    public static async Task<AgentBench> StartedAsync()
    {
        var bench = await CreateAsync();
        bench.StartWorker();
        await bench.AcceptedAsync();
        return bench;
    }

    public void StartWorker()
    {
        shutdown = new CancellationTokenSource();
        var agent = new WorkerAgent(
            Scheduler.Bus, Options with { WorkDirectory = folder.Path }, [Executor], TimeProvider.System, accepted)
        {
            Machine = new WorkerCapabilities { Hostname = "test", Backends = ["cpu"] },
        };
        running = agent.RunAsync(shutdown.Token);
    }

    public async Task StopWorkerAsync()
    {
        await shutdown.CancelAsync();
        await running;
    }

    /// <summary>Waits until the session that registered last takes assignments.</summary>
    public Task AcceptedAsync() => Eventually.HoldsAsync(
        () => Scheduler.SessionsRegistered.LastOrDefault() is var session && accepted.Contains(session), "a session takes assignments");

    public RunTest Run(int attempt = 1, Guid? runId = null) => new()
    {
        RunId = runId ?? Guid.NewGuid(),
        Attempt = attempt,
        SessionId = Session,
        TestId = "test",
        TestType = "controlled",
        TimeoutSeconds = 60,
    };

    public Task AssignAsync(RunTest run) => Scheduler.AssignAsync(run, WorkerId);

    public Task CommandAsync(WorkerCommand command) => Scheduler.CommandAsync(command with { SessionId = Session }, WorkerId);

    public async Task<RunTest> AssignedAndStartedAsync()
    {
        var run = Run();
        await AssignAsync(run);
        await Eventually.HoldsAsync(() => Scheduler.All<TestStarted>().Any(started => started.RunId == run.RunId), "the run started");
        return run;
    }

    public Task<TestFinished> FinishedAsync(RunTest run) =>
        Eventually.SeesAsync(
            () => Scheduler.All<TestFinished>().FirstOrDefault(finished => finished.RunId == run.RunId && finished.Attempt == run.Attempt), "the run finished");

    public Task<TestRecalled> RecalledAsync(RunTest run) =>
        Eventually.SeesAsync(() => Scheduler.All<TestRecalled>().FirstOrDefault(recalled => recalled.RunId == run.RunId), "the run was recalled");

    /// <summary>Proves that everything sent to the worker before was handled: a run assigned now passes.</summary>
    public async Task FenceAsync()
    {
        var fence = await AssignedAndStartedAsync();
        Executor.End(fence.RunId);
        await FinishedAsync(fence);
    }

    public async ValueTask DisposeAsync()
    {
        await StopWorkerAsync();
        await Scheduler.DisposeAsync();
        folder.Dispose();
        shutdown.Dispose();
    }
}
