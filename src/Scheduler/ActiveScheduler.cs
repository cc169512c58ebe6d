using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Bus;
using LoadBalancer.Scheduler.Deadlines;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.LiveSettings;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.Retention;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler;

/// <summary>
/// The order in which a scheduler becomes active: schema, memory rebuilt from the database, loops, and only then the queues.
/// </summary>
internal sealed partial class ActiveScheduler(
    DatabaseSchema schema,
    SchedulerEpoch epoch,
    LeaderLease lease,
    WorkerFleet fleet,
    SettingsInForce settings,
    Dispatcher dispatcher,
    OutboxSender outbox,
    DeadlineSweeper sweeper,
    Pruner pruner,
    PulseLoop pulse,
    SchedulerEndpoints endpoints,
    RunCommits commits,
    IServiceScopeFactory scopes,
    IOptions<SchedulerOptions> options,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<ActiveScheduler> logger) : BackgroundService
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>The exit code that asks to be started again.</summary>
    private const int BeginAgain = 3;

    /// <summary>It decides, and its queues are consumed.</summary>
    public bool IsReady { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        epoch.DatabaseReplaced += () => EndToBeginAgain(LogDatabaseReplaced);
        epoch.Over += () => EndToBeginAgain(LogReplaced);
        await UntilItWorksAsync("database", schema.PrepareAsync, stoppingToken);
        await UntilItWorksAsync("leadership", lease.TakeAsync, stoppingToken);
        var leading = lease.KeepAsync(stoppingToken);
        await UntilItWorksAsync("database", RestoreAsync, stoppingToken);
        commits.Listen(committed => outbox.Send(committed.Messages));
        var loops = new[]
        {
            LoopAsync("dispatch", dispatcher.RunAsync, stoppingToken),
            LoopAsync("outbox", outbox.RunAsync, stoppingToken),
            LoopAsync("deadlines", sweeper.RunAsync, stoppingToken),
            LoopAsync("retention", pruner.RunAsync, stoppingToken),
        };
        await UntilItWorksAsync("broker", endpoints.ConnectAsync, stoppingToken);
        var pulsing = LoopAsync("pulse", pulse.RunAsync, stoppingToken);
        var declaring = LoopAsync("topology", endpoints.KeepDeclaredAsync, stoppingToken);
        IsReady = true;
        LogReady(epoch.Value);
        await Task.WhenAll([.. loops, leading, pulsing, declaring]);
    }

    /// <summary>After the consumers, which were registered later and so have stopped: nothing is stored any more.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await lease.GiveBackAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            LogNotGivenBack(exception.GetBaseException().Message);
        }
    }

    /// <summary>Whoever starts it again gives it a memory of what the database has.</summary>
    private void EndToBeginAgain(Action log)
    {
        if (Environment.ExitCode == BeginAgain)
            return;

        log();
        Environment.ExitCode = BeginAgain;
        lifetime.StopApplication();
    }

    private async Task RestoreAsync(CancellationToken cancellationToken)
    {
        await fleet.RestoreAsync(cancellationToken);
        await settings.RestoreAsync(cancellationToken);

        // Nobody but the leader writes, so what is read at the same time fits together. Most of the time goes into making objects of rows.
        var readingRuns = ReadAsync(database => WaitingRunsAsync(database, cancellationToken));
        var readingReservations = ReadAsync(database => StoredReservation.AllAsync(database, cancellationToken));
        var readingOutcomes = ReadAsync(database => Outcomes.LatestAsync(database, options.Value.LearnedOutcomes, cancellationToken));
        await Task.WhenAll(readingRuns, readingReservations, readingOutcomes);
        var (waiting, reservations, outcomes) = (await readingRuns, await readingReservations, await readingOutcomes);
        dispatcher.Restore(waiting, reservations, outcomes);
        LogRestored(waiting.Count, reservations.Count, outcomes.Count, fleet.All.Count);
    }

    private Task<List<TestRun>> WaitingRunsAsync(SchedulerDbContext database, CancellationToken cancellationToken) =>
        ReadableRuns.ReadAsync(
            database,
            database.Runs.AsNoTracking()
                .Where(run => run.EndedAt == null && (run.CurrentState == RunStates.Submitted || run.CurrentState == RunStates.Requeued))
                .OrderBy(run => run.SubmittedAt),
            LogUnreadable,
            cancellationToken);

    private Task<T> ReadAsync<T>(Func<SchedulerDbContext, Task<T>> read) => Task.Run(async () =>
    {
        await using var scope = scopes.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<SchedulerDbContext>());
    });

    private async Task UntilItWorksAsync(string what, Func<CancellationToken, Task> step, CancellationToken stoppingToken)
    {
        for (var pause = RetryPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await step(stoppingToken);
                return;
            }
            catch (FatalStartException fatal)
            {
                LogFatal(what, fatal.Message);
                Environment.ExitCode = 2;
                lifetime.StopApplication();
                throw new OperationCanceledException(fatal.Message, fatal, stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogUnreachable(what, pause.TotalSeconds, exception.GetBaseException().Message);
                await Task.Delay(pause, time, stoppingToken);
            }
        }
    }

    /// <summary>A loop ends with the process. One that fails is begun again, and says so.</summary>
    private async Task LoopAsync(string name, Func<CancellationToken, Task> loop, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await loop(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogLoopFailed(name, exception);
                await Task.Delay(RetryPause, time, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Ready, epoch {Epoch}")]
    private partial void LogReady(long epoch);

    [LoggerMessage(Level = LogLevel.Information, Message = "Restored {Waiting} waiting runs, {Reservations} reservations, {Outcomes} outcomes, {Workers} workers")]
    private partial void LogRestored(int waiting, int reservations, int outcomes, int workers);

    [LoggerMessage(Level = LogLevel.Error, Message = "Run {RunId} waits and is not planned, since its row cannot be read")]
    private partial void LogUnreadable(Guid runId, UnreadableRunException problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The {What} cannot be used yet, next try in {PauseSeconds} s: {Problem}")]
    private partial void LogUnreachable(string what, double pauseSeconds, string problem);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The {What} can never be used like this: {Problem}")]
    private partial void LogFatal(string what, string problem);

    [LoggerMessage(
        Level = LogLevel.Critical,
        Message = "The database is another one than before: a standby took over, or a backup was restored. What was stored last may be missing, so this scheduler ends, to begin again with what is there")]
    private partial void LogDatabaseReplaced();

    [LoggerMessage(
        Level = LogLevel.Critical,
        Message = "The epoch of this scheduler is over: another one leads since this one was silent, or the database is another one than before. It ends, to begin again with what is there")]
    private partial void LogReplaced();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The leadership could not be given back, so a standby waits until the lease ends: {Problem}")]
    private partial void LogNotGivenBack(string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "Loop {Loop} failed and is begun again")]
    private partial void LogLoopFailed(string loop, Exception exception);
}

/// <summary>Trying again cannot help: the process ends and names the cause.</summary>
internal sealed class FatalStartException(string message, Exception? inner = null) : Exception(message, inner);
