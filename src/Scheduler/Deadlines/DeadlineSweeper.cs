using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Bus;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Deadlines;

/// <summary>
/// Looks for what is due (leases, deadlines of runs and of drained workers, attempts whose session has ended) and raises it as events. It changes no
/// run itself. <see cref="RunOnceAsync"/> is the whole of it; the loop only repeats it.
/// </summary>
internal sealed partial class DeadlineSweeper(
    WorkerFleet fleet,
    WorkerDrain draining,
    Reconciliation reconciliation,
    TestRunEvents events,
    IBrokerTopology topology,
    IServiceScopeFactory scopes,
    IOptions<SchedulerOptions> options,
    TimeProvider time,
    ILogger<DeadlineSweeper> logger)
{
    private const int AtOnce = 500;

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
        await draining.StopOverdueAsync(cancellationToken);
        foreach (var workerId in await fleet.ForgetAsync(cancellationToken))
        {
            LogForgotten(workerId);
            reconciliation.Forget(workerId);
            await topology.DeleteWorkerAsync(workerId, cancellationToken);
        }
    }

    private async Task EndLeasesAsync(CancellationToken cancellationToken)
    {
        foreach (var lost in await fleet.ExpireAsync(cancellationToken))
            LogLost(lost.WorkerId, lost.SessionId, lost.LastHeartbeatAt);
    }

    private async Task EndAttemptsOfEndedSessionsAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        // No more of them than is needed: what a run is stored with may be what cannot be read of it.
        var orphans = await database.Runs.AsNoTracking()
            .Where(run => run.EndedAt == null && (run.CurrentState == RunStates.Assigned || run.CurrentState == RunStates.Running))
            .Where(run => run.WorkerId != null && run.SessionId != null)
            .Where(run => !database.Workers.Any(worker =>
                worker.WorkerId == run.WorkerId && worker.SessionId == run.SessionId && worker.State == SessionState.Alive))
            .OrderBy(run => run.AssignedAt)
            .Take(AtOnce)
            .Select(run => new { run.CorrelationId, Owner = new AttemptOwner(run.Attempt, run.WorkerId!, run.SessionId!.Value) })
            .ToListAsync(cancellationToken);
        await events.RaiseAllAsync(
            orphans.Select(run => SessionRules.LossOf(run.CorrelationId, run.Owner, fleet.Find(run.Owner.WorkerId))), cancellationToken);
    }

    private async Task RaiseDeadlinesAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var scope = scopes.CreateAsyncScope();
        var runs = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Runs.AsNoTracking();
        await RaiseAsync(
            Deadline.Queue,
            runs.Where(run => run.QueueDeadline <= now && (run.CurrentState == RunStates.Submitted || run.CurrentState == RunStates.Requeued))
                .OrderBy(run => run.QueueDeadline),
            cancellationToken);
        await RaiseAsync(Deadline.Start, runs.Where(run => run.StartDeadline <= now).OrderBy(run => run.StartDeadline), cancellationToken);
        await RaiseAsync(Deadline.Execution, runs.Where(run => run.ExecutionDeadline <= now).OrderBy(run => run.ExecutionDeadline), cancellationToken);
    }

    private async Task RaiseAsync(Deadline deadline, IQueryable<TestRun> due, CancellationToken cancellationToken)
    {
        var runs = await due.Select(run => run.CorrelationId).Take(AtOnce).ToListAsync(cancellationToken);
        await events.RaiseAllAsync(runs.Select(runId => new DeadlinePassed(runId, deadline)), cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {WorkerId}, session {SessionId}, was lost: no heartbeat since {LastHeartbeatAt}")]
    private partial void LogLost(string workerId, Guid sessionId, DateTimeOffset lastHeartbeatAt);

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {WorkerId} was forgotten")]
    private partial void LogForgotten(string workerId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Deadlines could not be looked at: {Problem}")]
    private partial void LogSweepFailed(string problem);
}
