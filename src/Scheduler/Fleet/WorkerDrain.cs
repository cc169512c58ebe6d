using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>
/// Lets a worker run empty: it gets nothing new, gives back what it has not started, and goes on with what runs, until a deadline if there
/// is one. It stays so, over restarts of the worker and of the scheduler, until it is resumed.
/// </summary>
internal sealed class WorkerDrain(
    WorkerFleet fleet, OutboxSender outbox, TestRunEvents events, IServiceScopeFactory scopes, IOptions<SchedulerOptions> options, TimeProvider time)
{
    /// <param name="workerId">The worker.</param>
    /// <param name="reason">Why, for whoever looks.</param>
    /// <param name="deadline">After this long what still runs is stopped and requeued; null to let it end.</param>
    /// <param name="cancellationToken">Ends the wait for the database.</param>
    /// <returns>False when there is no such worker.</returns>
    public Task<bool> DrainAsync(string workerId, string reason, TimeSpan? deadline, CancellationToken cancellationToken) => ChangeAsync(
        workerId,
        worker => worker with { Draining = true, DrainReason = StorableText.Clean(reason), DrainDeadline = time.GetUtcNow() + deadline },
        worker => new DrainWorker { SessionId = worker.SessionId, Reason = reason },
        cancellationToken);

    /// <returns>False when there is no such worker.</returns>
    public Task<bool> ResumeAsync(string workerId, CancellationToken cancellationToken) => ChangeAsync(
        workerId,
        worker => worker with { Draining = false, DrainReason = "", DrainDeadline = null },
        worker => new ResumeWorker { SessionId = worker.SessionId },
        cancellationToken);

    /// <summary>Asks the workers whose deadline has passed to stop what they run, again and again while something is left.</summary>
    public async Task StopOverdueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var worker in fleet.All.Where(worker => worker.DrainDeadline <= now))
        {
            var left = await LeftOnAsync(worker, cancellationToken);
            await events.RaiseAllAsync(
                left.Select(run => new StopRequested(run.RunId, new AttemptOwner(run.Attempt, worker.WorkerId, worker.SessionId), Reason(worker))),
                cancellationToken);
            DateTimeOffset? again = left.Count > 0 ? now + options.Value.ExecutionGrace : null;
            await fleet.ChangeAsync(
                worker.WorkerId,
                known => known.DrainDeadline == worker.DrainDeadline ? known with { DrainDeadline = again } : known,
                null,
                cancellationToken);
        }
    }

    private static string Reason(WorkerSession worker) =>
        worker.DrainReason.Length == 0 ? "the worker is drained" : $"the worker is drained: {worker.DrainReason}";

    private async Task<List<RunAttempt>> LeftOnAsync(WorkerSession worker, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Runs.AsNoTracking()
            .Where(run => run.EndedAt == null && run.WorkerId == worker.WorkerId && run.SessionId == worker.SessionId)
            .Where(run => run.CurrentState == RunStates.Assigned || run.CurrentState == RunStates.Running)
            .Select(run => new RunAttempt(run.CorrelationId, run.Attempt))
            .ToListAsync(cancellationToken);
    }

    private async Task<bool> ChangeAsync(
        string workerId, Func<WorkerSession, WorkerSession> change, Func<WorkerSession, WorkerCommand> command, CancellationToken cancellationToken)
    {
        var (known, message) = await fleet.ChangeAsync(workerId, change, command, cancellationToken);
        if (message is not null)
            outbox.Send([message]);
        return known;
    }
}
