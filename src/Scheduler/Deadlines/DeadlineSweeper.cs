using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Bus;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Deadlines;

/// <summary>
/// Looks for what is due (leases, queue and start deadlines, attempts whose session has ended) and raises it as events. It changes no
/// run itself. <see cref="RunOnceAsync"/> is the whole of it; the loop only repeats it.
/// </summary>
internal sealed partial class DeadlineSweeper(
    WorkerFleet fleet,
    TestRunEvents events,
    IBusControl bus,
    IBrokerTopology topology,
    IServiceScopeFactory scopes,
    IOptions<SchedulerOptions> options,
    TimeProvider time,
    ILogger<DeadlineSweeper> logger)
{
    private const int AtOnce = 500;
    private bool cutOff;

    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.SweepInterval, time);
        do
        {
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogSweepFailed(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await EndLeasesAsync(cancellationToken);
        await EndAttemptsOfEndedSessionsAsync(cancellationToken);
        await RaiseDeadlinesAsync(cancellationToken);
        foreach (var workerId in await fleet.ForgetAsync(cancellationToken))
        {
            LogForgotten(workerId);
            await topology.DeleteWorkerAsync(workerId, cancellationToken);
        }
    }

    /// <summary>While the broker is away no heartbeat can arrive, so no lease ends; afterwards each gets its full time.</summary>
    private async Task EndLeasesAsync(CancellationToken cancellationToken)
    {
        if (bus.CheckHealth().Status != BusHealthStatus.Healthy)
        {
            cutOff = true;
            return;
        }

        if (cutOff)
        {
            await fleet.ExtendAsync(cancellationToken);
            cutOff = false;
        }

        foreach (var lost in await fleet.ExpireAsync(cancellationToken))
            LogLost(lost.WorkerId, lost.SessionId, lost.LastHeartbeatAt);
    }

    private async Task EndAttemptsOfEndedSessionsAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        var orphans = await database.Runs.AsNoTracking()
            .Where(run => run.EndedAt == null && (run.CurrentState == RunStates.Assigned || run.CurrentState == RunStates.Running))
            .Where(run => !database.Workers.Any(worker =>
                worker.WorkerId == run.WorkerId && worker.SessionId == run.SessionId && worker.State == SessionState.Alive))
            .OrderBy(run => run.AssignedAt)
            .Take(AtOnce)
            .ToListAsync(cancellationToken);
        foreach (var run in orphans)
        {
            if (run.CurrentOwner is { } owner)
                await events.RaiseAsync(new WorkerLost(run.CorrelationId, owner, WhatBecameOf(owner)), cancellationToken);
        }
    }

    private string WhatBecameOf(AttemptOwner owner) => fleet.Find(owner.WorkerId) switch
    {
        null => $"worker {owner.WorkerId} is gone",
        { } session when session.SessionId != owner.SessionId => $"worker {owner.WorkerId} was restarted",
        { State: SessionState.Left } => $"worker {owner.WorkerId} left",
        { } session => $"worker {owner.WorkerId} was lost: no heartbeat since {session.LastHeartbeatAt:HH:mm:ss} UTC",
    };

    private async Task RaiseDeadlinesAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var scope = scopes.CreateAsyncScope();
        var runs = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Runs.AsNoTracking();
        var queue = await runs.Where(run => run.QueueDeadline <= now).OrderBy(run => run.QueueDeadline).Select(run => run.CorrelationId).Take(AtOnce).ToListAsync(cancellationToken);
        foreach (var runId in queue)
            await events.RaiseAsync(new DeadlinePassed(runId, Deadline.Queue), cancellationToken);
        var start = await runs.Where(run => run.StartDeadline <= now).OrderBy(run => run.StartDeadline).Select(run => run.CorrelationId).Take(AtOnce).ToListAsync(cancellationToken);
        foreach (var runId in start)
            await events.RaiseAsync(new DeadlinePassed(runId, Deadline.Start), cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {WorkerId}, session {SessionId}, was lost: no heartbeat since {LastHeartbeatAt}")]
    private partial void LogLost(string workerId, Guid sessionId, DateTimeOffset lastHeartbeatAt);

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {WorkerId} was forgotten")]
    private partial void LogForgotten(string workerId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Deadlines could not be looked at: {Problem}")]
    private partial void LogSweepFailed(string problem);
}
