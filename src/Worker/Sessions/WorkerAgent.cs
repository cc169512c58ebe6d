using LoadBalancer.Contracts;
using LoadBalancer.Worker.Detection;
using LoadBalancer.Worker.Executors;
using LoadBalancer.Worker.Processes;
using LoadBalancer.Worker.Reporting;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Sessions;

/// <summary>
/// A worker on a bus that somebody else starts and stops: in a process of its own on RabbitMQ, or several in one process on a shared
/// in-memory bus, each with its own id and work directory.
/// </summary>
internal sealed class WorkerAgent(
    IBus bus, WorkerOptions options, IEnumerable<ITestExecutor> executors, TimeProvider time, ILoggerFactory loggers)
{
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);

    private readonly ILogger logger = loggers.CreateLogger<WorkerAgent>();

    /// <summary>What the machine is, where the caller has looked already; else the agent looks.</summary>
    public WorkerCapabilities? Machine { get; init; }

    /// <summary>Completes when a session need not begin in vain.</summary>
    public Func<CancellationToken, Task> SessionMayBegin { get; init; } = _ => Task.CompletedTask;

    /// <summary>How often the broker has refused the worker: a session that was being registered may not hear the answer.</summary>
    public Func<int> Refusals { get; init; } = () => 0;

    /// <summary>Runs sessions, one after the other, until <paramref name="shutdown"/>; then ends its tests and says goodbye.</summary>
    /// <exception cref="SettingException">The options or the work directory cannot be used.</exception>
    public async Task RunAsync(CancellationToken shutdown)
    {
        WorkerSettings.Checked(options);
        using var directory = await WorkDirectory.OpenAsync(options.WorkDirectoryPath, LockPatience, time, shutdown);
        if (directory.RemoveLeftovers() is var killed and > 0)
            logger.OrphansKilled(options.Id, killed, directory.Root);

        var mark = directory.Mark.ForProcess();
        using var guard = new Guard(mark, time);
        var endpoints = new WorkerEndpoints(bus, options);
        var reporter = new Reporter(endpoints.SendAsync, options.Id, options.MaxReportsInMessage, time, loggers.CreateLogger<Reporter>());
        using var results = new ResultStore(directory.Results, time, loggers.CreateLogger<ResultStore>());
        results.Load();
        var machine = Machine ?? await CapabilityDetection.OfThisMachineAsync(time, shutdown);
        var equipment = new WorkerEquipment
        {
            Options = options,
            Capabilities = CapabilityDetection.OfWorker(machine, options, directory.Root),
            Directory = directory,
            Endpoints = endpoints,
            Executors = new ExecutorSet(ProcessExecutor(directory, guard, mark), executors),
            Guard = guard,
            Refusals = Refusals,
            Reporter = reporter,
            Results = results,
            Epoch = new LeaderEpoch(),
            Time = time,
            Logger = logger,
        };
        await RunSessionsAsync(equipment, shutdown);
    }

    private async Task RunSessionsAsync(WorkerEquipment equipment, CancellationToken shutdown)
    {
        using var quiet = new CancellationTokenSource();
        // Before anything registers: a new session ends what the old one had, and until then its results count.
        foreach (var result in equipment.Results.TakeOverdue(TimeSpan.Zero))
            equipment.Reporter.Say(result.SessionId, result.Finished);
        var reporting = equipment.Reporter.RunAsync(quiet.Token);
        while (!shutdown.IsCancellationRequested)
        {
            using var session = new WorkerSession(equipment);
            try
            {
                await SessionMayBegin(shutdown);
                await session.RunAsync(shutdown);
            }
            catch (OperationCanceledException) when (shutdown.IsCancellationRequested)
            {
                // Nothing was accepted yet.
            }
            catch (ConnectionException unreachable)
            {
                // What the broker says is the reason; the stack would only hide it.
                logger.SessionCutOff(options.Id, unreachable.GetBaseException().Message);
                await Task.Delay(PauseAfterError, time, shutdown).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception error)
            {
                logger.SessionFailed(error, options.Id);
                await Task.Delay(PauseAfterError, time, shutdown).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await quiet.CancelAsync();
        await reporting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private ProcessExecutor ProcessExecutor(WorkDirectory directory, Guard guard, ProcessMark mark)
    {
        var memoryKills = MemoryKills.Here();
        if (!memoryKills.Known)
            logger.MemoryKillsUnknown(options.Id);
        else if (memoryKills.OfTheWholeMachine)
            logger.MemoryKillsOfTheMachine(options.Id);
        if (memoryKills.KillsTheWorkerToo)
            logger.MemoryKillsTheWorkerToo(options.Id);

        var runner = new ProcessRunner(guard, mark, options.KillGrace, time, memoryKills);
        var workspaces = new Workspaces(directory.Workspaces, runner, options);
        return new ProcessExecutor(directory.Runs, workspaces, runner, options, time, loggers.CreateLogger<ProcessExecutor>());
    }
}
