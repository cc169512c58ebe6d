using System.Collections.Concurrent;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>
/// Which workers there are and which session of each is valid. Every change is stored first and then known here; leases are timed on
/// the scheduler's clock.
/// </summary>
internal sealed class WorkerFleet(
    IServiceScopeFactory scopes, IOptions<SchedulerOptions> options, WorkerBindings bindings, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<string, WorkerSession> sessions = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim changing = new(1, 1);

    /// <summary>Raised after a worker joined, changed or was lost.</summary>
    public event Action<WorkerSession>? Changed;

    /// <summary>Raised after a worker was forgotten.</summary>
    public event Action<string>? Forgotten;

    public IReadOnlyCollection<WorkerSession> All => [.. sessions.Values];

    public WorkerSession? Find(string workerId) => sessions.GetValueOrDefault(workerId);

    /// <summary>It has a lease, and assignments reach it.</summary>
    public bool TakesWork(WorkerSession session) => session.State == SessionState.Alive && bindings.IsBound(session.SessionId);

    /// <summary>
    /// Reads what is stored. No lease ends within one lease of this: while nobody led, nobody could renew it.
    /// </summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        await using (var scope = scopes.CreateAsyncScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
            foreach (var session in await database.Workers.AsNoTracking().ToListAsync(cancellationToken))
                sessions[session.WorkerId] = session;
        }

        await ExtendAsync(cancellationToken);
    }

    /// <summary>Accepts a new session, or says why not.</summary>
    /// <returns>Null when accepted, also when the same session asks again.</returns>
    public async Task<string?> RegisterAsync(string workerId, Guid sessionId, WorkerRegistered registration, CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        var now = time.GetUtcNow();
        if (sessions.GetValueOrDefault(workerId) is { State: SessionState.Alive } living && living.SessionId != sessionId &&
            living.LeaseUntil > now && registration.PreviousSessionId != living.SessionId)
            return $"worker {workerId} has a living session until {living.LeaseUntil:HH:mm:ss} UTC: stop the other process or give this one another Worker:Id";

        await StoreAsync(
            new WorkerSession
            {
                WorkerId = workerId,
                SessionId = sessionId,
                State = SessionState.Alive,
                Slots = registration.Slots,
                Capabilities = registration.Capabilities,
                Version = registration.Version,
                RegisteredAt = now,
                LastHeartbeatAt = now,
                LeaseUntil = now + options.Value.LeaseDuration,
            },
            cancellationToken);
        return null;
    }

    /// <summary>Renews a lease, durably.</summary>
    /// <returns>False when the session is not valid (any more).</returns>
    public async Task<bool> RenewAsync(WorkerHeartbeat heartbeat, CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        if (sessions.GetValueOrDefault(heartbeat.WorkerId) is not { State: SessionState.Alive } session || session.SessionId != heartbeat.SessionId)
            return false;

        var now = time.GetUtcNow();
        await StoreAsync(
            session with { LastHeartbeatAt = now, LeaseUntil = now + options.Value.LeaseDuration, Load = heartbeat.Load },
            cancellationToken,
            announce: false);
        return true;
    }

    public async Task LeaveAsync(string workerId, Guid sessionId, CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        if (sessions.GetValueOrDefault(workerId) is { State: SessionState.Alive } session && session.SessionId == sessionId)
            await StoreAsync(Ended(session, SessionState.Left), cancellationToken);
    }

    /// <summary>Ends the leases that have passed.</summary>
    /// <returns>The workers that were lost.</returns>
    public async Task<IReadOnlyList<WorkerSession>> ExpireAsync(CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        var now = time.GetUtcNow();
        var expired = sessions.Values.Where(session => session.State == SessionState.Alive && session.LeaseUntil <= now).ToList();
        foreach (var session in expired)
            await StoreAsync(Ended(session, SessionState.Lost), cancellationToken);
        return expired;
    }

    /// <summary>Gives every living session a full lease, after a time in which none could be renewed.</summary>
    public async Task ExtendAsync(CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        var until = time.GetUtcNow() + options.Value.LeaseDuration;
        foreach (var session in sessions.Values.Where(session => session.State == SessionState.Alive && session.LeaseUntil < until))
            await StoreAsync(session with { LeaseUntil = until }, cancellationToken, announce: false);
    }

    /// <summary>Forgets workers that have been gone for <see cref="SchedulerOptions.ForgetWorkerAfter"/>.</summary>
    public async Task<IReadOnlyList<string>> ForgetAsync(CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        var before = time.GetUtcNow() - options.Value.ForgetWorkerAfter;
        var gone = sessions.Values.Where(session => session.State != SessionState.Alive && session.EndedAt < before).Select(session => session.WorkerId).ToList();
        if (gone.Count == 0)
            return [];

        await using var scope = scopes.CreateAsyncScope();
        using (await scope.ServiceProvider.GetRequiredService<EmbeddedDatabaseGate>().EnterAsync(cancellationToken))
        {
            await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Workers
                .Where(worker => gone.Contains(worker.WorkerId))
                .ExecuteDeleteAsync(cancellationToken);
        }

        foreach (var workerId in gone)
        {
            sessions.TryRemove(workerId, out _);
            Forgotten?.Invoke(workerId);
        }

        return gone;
    }

    public void Dispose() => changing.Dispose();

    private WorkerSession Ended(WorkerSession session, SessionState state) => session with { State = state, EndedAt = time.GetUtcNow() };

    private async Task StoreAsync(WorkerSession session, CancellationToken cancellationToken, bool announce = true)
    {
        await using (var scope = scopes.CreateAsyncScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
            database.Entry(session).State = sessions.ContainsKey(session.WorkerId) ? EntityState.Modified : EntityState.Added;
            await SaveAsync(scope, cancellationToken);
        }

        sessions[session.WorkerId] = session;
        if (announce)
            Changed?.Invoke(session);
    }

    private static async Task SaveAsync(AsyncServiceScope scope, CancellationToken cancellationToken)
    {
        using var turn = await scope.ServiceProvider.GetRequiredService<EmbeddedDatabaseGate>().EnterAsync(cancellationToken);
        await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().SaveChangesAsync(cancellationToken);
    }

    private async Task<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        return new Turn(changing);
    }

    private sealed class Turn(SemaphoreSlim changing) : IDisposable
    {
        public void Dispose() => changing.Release();
    }
}
