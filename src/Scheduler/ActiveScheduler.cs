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

    private const int Rehearsed = 500;

    /// <summary>The exit code that asks to be started again.</summary>
    private const int BeginAgain = 3;

    /// <summary>It decides, and its queues are consumed.</summary>
    public bool IsReady { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        epoch.DatabaseReplaced += () => EndToBeginAgain(LogDatabaseReplaced);
        epoch.Over += () => EndToBeginAgain(LogReplaced);
        await UntilItWorksAsync("database", schema.PrepareAsync, stoppingToken);
        await UntilItWorksAsync("leadership", token => lease.TakeAsync(RehearseAsync, token), stoppingToken);
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
        var consuming = LoopAsync("consumers", ConsumeWhileLeadingAsync, stoppingToken);
        IsReady = true;
        await Task.WhenAll([.. loops, leading, pulsing, declaring, consuming]);
    }

    /// <summary>
    /// Once another scheduler may lead, what this one was handed goes back to the queues for it. If none does, it comes here again: what this
    /// one remembers is still so, since nobody else has stored anything.
    /// </summary>
    private async Task ConsumeWhileLeadingAsync(CancellationToken stoppingToken)
    {
        await lease.WhileLeadingAsync(ConsumeAsync, stoppingToken);
        LogInDoubt(lease.Problem);
        await endpoints.DisconnectAsync(stoppingToken);
        await lease.UntilAsync(leads: true, stoppingToken);
    }

    private async Task ConsumeAsync(CancellationToken cancellationToken)
    {
        await UntilItWorksAsync("broker", endpoints.ConnectAsync, cancellationToken);
        LogReady(epoch.Value);
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

        var (waiting, reservations, outcomes) = await ReadAsync(int.MaxValue, options.Value.LearnedOutcomes, cancellationToken);
        dispatcher.Restore(waiting, reservations, outcomes);
        LogRestored(waiting.Count, reservations.Count, outcomes.Count, fleet.All.Count);
    }

    /// <summary>Reads a little of what a leader begins with: queries and code are compiled by then, which would take a second of a take-over.</summary>
    private Task RehearseAsync(CancellationToken cancellationToken) => ReadAsync(Rehearsed, Rehearsed, cancellationToken);

    /// <summary>Nobody but the leader writes, so what it reads at the same time fits together. Most of the time goes into making objects of rows.</summary>
    private async Task<(List<TestRun> Waiting, List<StoredReservation> Reservations, List<OutcomeRow> Outcomes)> ReadAsync(
        int mostWaiting, int mostOutcomes, CancellationToken cancellationToken)
    {
        var readingRuns = ReadAsync(database => WaitingRunsAsync(database, mostWaiting, cancellationToken));
        var readingReservations = ReadAsync(database => StoredReservation.AllAsync(database, cancellationToken));
        var readingOutcomes = ReadAsync(database => Outcomes.LatestAsync(database, mostOutcomes, cancellationToken));
        await Task.WhenAll(readingRuns, readingReservations, readingOutcomes);
        return (await readingRuns, await readingReservations, await readingOutcomes);
    }

    private Task<List<TestRun>> WaitingRunsAsync(SchedulerDbContext database, int most, CancellationToken cancellationToken) =>
        ReadableRuns.ReadAsync(
            database,
            database.Runs.AsNoTracking()
                .Where(run => run.EndedAt == null && (run.CurrentState == RunStates.Submitted || run.CurrentState == RunStates.Requeued))
                .OrderBy(run => run.SubmittedAt)
                .Take(most),
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Another scheduler may lead, since this one could not renew its leadership: it consumes nothing until it can ({Problem})")]
    private partial void LogInDoubt(string? problem);

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
