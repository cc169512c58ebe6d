using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Bus;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>Renews a lease, and compares what the worker says it has with what it should have.</summary>
internal sealed class WorkerHeartbeatConsumer(
    WorkerFleet fleet,
    WorkerBindings bindings,
    IBrokerTopology topology,
    MessageSender sender,
    TestRunEvents events,
    SchedulerDbContext database,
    SchedulerEpoch epoch,
    IOptions<SchedulerOptions> options) : IConsumer<WorkerHeartbeat>
{
    public async Task Consume(ConsumeContext<WorkerHeartbeat> context)
    {
        var (heartbeat, token) = (context.Message, context.CancellationToken);
        ReportRules.Check(heartbeat);
        if (!await fleet.RenewAsync(heartbeat, token))
        {
            await sender.TellAsync(
                heartbeat.WorkerId,
                new WorkerRefused { SessionId = heartbeat.SessionId, Reason = "this session is not valid: register anew" },
                token);
            return;
        }

        if (!bindings.IsBound(heartbeat.SessionId))
        {
            await topology.DeclareWorkerAsync(heartbeat.WorkerId, token);
            bindings.Restored(heartbeat.WorkerId, heartbeat.SessionId);
        }

        await sender.TellAsync(
            heartbeat.WorkerId,
            new HeartbeatAnswered
            {
                SessionId = heartbeat.SessionId,
                Sequence = heartbeat.Sequence,
                Epoch = epoch.Value,
                LeaseSeconds = options.Value.LeaseDuration.TotalSeconds,
                StoredResults = await StoredAsync(heartbeat, token),
                Stop = await StrangersAsync(heartbeat, token),
            },
            token);
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

    /// <summary>Attempts that run there and should not. One that should, and of whose start nothing was heard, counts as started.</summary>
    private async Task<List<RunAttempt>> StrangersAsync(WorkerHeartbeat heartbeat, CancellationToken cancellationToken)
    {
        if (heartbeat.Running.Count == 0)
            return [];

        var ids = heartbeat.Running.Select(attempt => attempt.RunId).ToList();
        var runs = await database.Runs.AsNoTracking().Where(run => ids.Contains(run.CorrelationId)).ToDictionaryAsync(run => run.CorrelationId, cancellationToken);
        var strangers = new List<RunAttempt>();
        foreach (var attempt in heartbeat.Running)
        {
            var owner = new AttemptOwner(attempt.Attempt, heartbeat.WorkerId, heartbeat.SessionId);
            if (!runs.TryGetValue(attempt.RunId, out var run) || !run.Owns(owner))
                strangers.Add(attempt);
            else if (run.CurrentState == RunStates.Assigned)
                await events.RaiseAsync(new AttemptStarted(attempt.RunId, owner), cancellationToken);
        }

        return strangers;
    }
}
