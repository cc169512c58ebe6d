using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Bus;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>Renews a lease, and compares what the worker says it has with what it should have.</summary>
internal sealed partial class WorkerHeartbeatConsumer(
    WorkerFleet fleet,
    WorkerBindings bindings,
    IBrokerTopology topology,
    MessageSender sender,
    TestRunEvents events,
    Reconciliation reconciliation,
    SchedulerDbContext database,
    SchedulerEpoch epoch,
    IOptions<SchedulerOptions> options,
    ILogger<WorkerHeartbeatConsumer> logger) : IConsumer<WorkerHeartbeat>
{
    public async Task Consume(ConsumeContext<WorkerHeartbeat> context)
    {
        var (heartbeat, token) = (context.Message, context.CancellationToken);
        if (heartbeat.WorkerId == HeartbeatPulse.Sender)
        {
            await fleet.ReadPulseAsync(heartbeat, token);
            return;
        }

        ReportRules.Check(heartbeat);
        if (!await fleet.RenewAsync(heartbeat, token))
        {
            await sender.TellAsync(heartbeat.WorkerId, SessionRules.Ended(heartbeat.SessionId), token);
            return;
        }

        if (!bindings.IsBound(heartbeat.SessionId))
            await BindAsync(heartbeat, token);

        var found = await CompareAsync(heartbeat, token);
        await RaiseAsync(heartbeat, found, token);
        await sender.TellAsync(
            heartbeat.WorkerId,
            new HeartbeatAnswered
            {
                SessionId = heartbeat.SessionId,
                Sequence = heartbeat.Sequence,
                Epoch = epoch.Value,
                LeaseSeconds = options.Value.LeaseDuration.TotalSeconds,
                StoredResults = await StoredAsync(heartbeat, token),
                Stop = found.Strangers,
            },
            token);
    }

    private async Task BindAsync(WorkerHeartbeat heartbeat, CancellationToken cancellationToken)
    {
        try
        {
            await topology.DeclareWorkerAsync(heartbeat.WorkerId, cancellationToken);
            bindings.Restored(heartbeat.WorkerId, heartbeat.SessionId);
        }
        catch (TopologyRefusedException refused)
        {
            // It lives and gets no work; the next heartbeat tries again.
            LogNotBound(heartbeat.WorkerId, refused.Message);
        }
    }

    /// <summary>
    /// Results that are stored, accepted or as evidence, and those of runs that nobody remembers: the worker has done its part.
    /// </summary>
    private async Task<List<RunAttempt>> StoredAsync(WorkerHeartbeat heartbeat, CancellationToken cancellationToken)
    {
        if (heartbeat.Unconfirmed.Count == 0)
            return [];

        var runs = heartbeat.Unconfirmed.Select(result => result.RunId).ToList();
        var stored = await database.Outcomes.AsNoTracking()
            .Where(outcome => runs.Contains(outcome.RunId) && outcome.WorkerId == heartbeat.WorkerId && outcome.Outcome != null)
            .Select(outcome => new RunAttempt(outcome.RunId, outcome.Attempt))
            .ToListAsync(cancellationToken);
        var known = await database.Runs.Where(run => runs.Contains(run.CorrelationId)).Select(run => run.CorrelationId).ToListAsync(cancellationToken);
        return [.. heartbeat.Unconfirmed.Where(result => stored.Contains(result) || !known.Contains(result.RunId))];
    }

    private async Task<Discrepancies> CompareAsync(WorkerHeartbeat heartbeat, CancellationToken cancellationToken)
    {
        // No more of them than is compared: a row that cannot be read as a whole must not end the worker's lease.
        var assigned = await database.Runs.AsNoTracking()
            .Where(run => run.EndedAt == null && run.WorkerId == heartbeat.WorkerId && run.SessionId == heartbeat.SessionId)
            .Where(run => run.CurrentState == RunStates.Assigned || run.CurrentState == RunStates.Running)
            .Select(run => new TestRun { CorrelationId = run.CorrelationId, Attempt = run.Attempt, CurrentState = run.CurrentState })
            .ToListAsync(cancellationToken);
        return reconciliation.Compare(heartbeat, assigned, epoch.Value);
    }

    /// <summary>What cannot be stored is found again in the next heartbeat; the worker is answered all the same.</summary>
    private async Task RaiseAsync(WorkerHeartbeat heartbeat, Discrepancies found, CancellationToken cancellationToken)
    {
        await events.RaiseAllAsync(found.Started.Select(run => new AttemptStarted(run.RunId, OwnerOf(run.Attempt))), cancellationToken);
        await events.RaiseAllAsync(
            found.Missing.Select(run => new WorkerLost(run.RunId, OwnerOf(run.Attempt), $"worker {heartbeat.WorkerId} no longer has it")), cancellationToken);

        AttemptOwner OwnerOf(int attempt) => new(attempt, heartbeat.WorkerId, heartbeat.SessionId);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {WorkerId} gets no work, since its queue cannot be declared: {Problem}")]
    private partial void LogNotBound(string workerId, string problem);
}
