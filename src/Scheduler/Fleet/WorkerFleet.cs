using System.Collections.Concurrent;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>
/// Which workers there are and which session of each is valid. Every change is stored first and then known here; leases are timed on
/// the scheduler's clock, and compared with what has been read of the heartbeats.
/// </summary>
internal sealed class WorkerFleet(
    IServiceScopeFactory scopes, IOptions<SchedulerOptions> options, WorkerBindings bindings, HeartbeatPulse pulse, SchedulerEpoch epoch,
    TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<string, WorkerSession> sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, bool> silent = new();
    private readonly ConcurrentDictionary<Guid, bool> leaving = new();
    private readonly SemaphoreSlim changing = new(1, 1);

    /// <summary>Raised after a worker joined, changed or was lost.</summary>
    public event Action<WorkerSession>? Changed;

    /// <summary>Raised after a worker was forgotten.</summary>
    public event Action<string>? Forgotten;

    public IReadOnlyCollection<WorkerSession> All => [.. sessions.Values];

    public WorkerSession? Find(string workerId) => sessions.GetValueOrDefault(workerId);

    /// <summary>It has a lease and is heard of, assignments reach it, and nobody wants it empty.</summary>
    public bool TakesWork(WorkerSession session) =>
        session.State == SessionState.Alive && !session.Draining && !IsLeaving(session) && !IsDoubtful(session) && bindings.IsBound(session.SessionId);

    /// <summary>Silent for <see cref="SchedulerOptions.DoubtAfter"/>: possibly lost.</summary>
    public bool IsDoubtful(WorkerSession session) => silent.ContainsKey(session.SessionId);

    /// <summary>It said that it is about to end. Not stored: it says so in every heartbeat.</summary>
    public bool IsLeaving(WorkerSession session) => leaving.ContainsKey(session.SessionId);

    /// <summary>Reads what is stored. Until the first pulse no lease ends, and with it each begins anew: while nobody led, nobody could renew it.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        foreach (var session in await database.Workers.AsNoTracking().ToListAsync(cancellationToken))
            sessions[session.WorkerId] = session;
    }

    /// <summary>Accepts a new session, or says why not.</summary>
    /// <returns>Null when accepted, also when the same session asks again.</returns>
    public async Task<WorkerRefused?> RegisterAsync(string workerId, Guid sessionId, WorkerRegistered registration, CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        // Not from memory: an earlier commit of this worker may be durable without having been answered.
        var (known, now) = (await StoredAsync(workerId, cancellationToken), time.GetUtcNow());
        if (SessionRules.Refusal(known, sessionId, registration, now) is { } refusal)
        {
            await epoch.ConfirmAsync(cancellationToken);
            return refusal;
        }

        await StoreAsync(
            SessionRules.Accept(known, workerId, sessionId, registration, now, options.Value.LeaseDuration), cancellationToken, isNew: known is null);
        return null;
    }

    /// <summary>Renews a lease, durably.</summary>
    /// <returns>False when the session is not valid (any more), as the leader knows for certain: the worker gives up all it runs.</returns>
    public async Task<bool> RenewAsync(WorkerHeartbeat heartbeat, CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        var session = sessions.GetValueOrDefault(heartbeat.WorkerId);
        if (!SessionRules.IsValid(session, heartbeat.SessionId))
        {
            await epoch.ConfirmAsync(cancellationToken);
            return false;
        }

        var now = time.GetUtcNow();
        await StoreAsync(
            session! with { LastHeartbeatAt = now, LeaseUntil = now + options.Value.LeaseDuration, Load = heartbeat.Load },
            cancellationToken,
            announce: false);
        AnnounceIfSilent(heartbeat.WorkerId, heartbeat.SessionId);
        if (heartbeat.Leaving && leaving.TryAdd(heartbeat.SessionId, true))
            Changed?.Invoke(sessions[heartbeat.WorkerId]);
        return true;
    }

    /// <summary>Ends a session that says goodbye. One that is not valid has ended already, as the leader knows for certain.</summary>
    public async Task LeaveAsync(string workerId, Guid sessionId, CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        var session = sessions.GetValueOrDefault(workerId);
        if (SessionRules.IsValid(session, sessionId))
            await StoreAsync(Ended(session!, SessionState.Left), cancellationToken);
        else
            await epoch.ConfirmAsync(cancellationToken);
    }

    /// <summary>A heartbeat of the scheduler's own came back: those of the workers that were sent before it have been read.</summary>
    public async Task ReadPulseAsync(WorkerHeartbeat heartbeat, CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        if (pulse.SentAt(heartbeat) is not { } sentAt)
            return;

        try
        {
            await StorePulseAsync(sentAt, cancellationToken);
        }
        catch (Exception exception)
        {
            pulse.NotStored(exception.GetBaseException().Message);
            throw;
        }
    }

    /// <summary>Ends the leases that have passed, and notes who is silent.</summary>
    /// <returns>The workers that were lost.</returns>
    public async Task<IReadOnlyList<WorkerSession>> ExpireAsync(CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        var readUpTo = pulse.ReadUpTo;
        var expired = new List<WorkerSession>();
        foreach (var session in sessions.Values.Where(session => session.State == SessionState.Alive))
        {
            var silence = readUpTo - (session.LeaseUntil - options.Value.LeaseDuration);
            if (session.LeaseUntil <= readUpTo)
            {
                await StoreAsync(Ended(session, SessionState.Lost), cancellationToken);
                expired.Add(session);
            }
            else if (silence > options.Value.DoubtAfter && silent.TryAdd(session.SessionId, true))
            {
                Changed?.Invoke(session);
            }
        }

        return expired;
    }

    /// <summary>Changes what is remembered of a worker. A command for its living session commits with the change.</summary>
    /// <param name="workerId">The worker.</param>
    /// <param name="change">What is remembered of the worker.</param>
    /// <param name="command">What its living session is told, if anything.</param>
    /// <param name="cancellationToken">Ends the wait for the database.</param>
    /// <returns>The stored message, null when no session lives; and whether the worker is known.</returns>
    public async Task<(bool Known, OutboxMessage? Message)> ChangeAsync(
        string workerId, Func<WorkerSession, WorkerSession> change, Func<WorkerSession, WorkerCommand>? command, CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        if (sessions.GetValueOrDefault(workerId) is not { } known)
            return (false, null);

        var message = command is not null && known.State is SessionState.Alive ? OutboxMessage.Command(workerId, command(known), time.GetUtcNow()) : null;
        await StoreAsync(change(known), cancellationToken, message: message);
        return (true, message);
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
            var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
            // Without a transaction of its own the deletion would lock no epoch, and end a session that a later leader has accepted.
            await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
            await database.Workers.Where(worker => gone.Contains(worker.WorkerId)).ExecuteDeleteAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        foreach (var workerId in gone)
        {
            if (sessions.TryRemove(workerId, out var session))
                ForgetSigns(session);
            Forgotten?.Invoke(workerId);
        }

        return gone;
    }

    public void Dispose() => changing.Dispose();

    private async Task StorePulseAsync(DateTimeOffset sentAt, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (!await epoch.RenewAsync(now, cancellationToken))
            return;

        if (pulse.EndsOutage(sentAt, now))
        {
            var until = now + options.Value.LeaseDuration;
            foreach (var session in sessions.Values.Where(session => session.State == SessionState.Alive && session.LeaseUntil != until))
            {
                await StoreAsync(session with { LeaseUntil = until }, cancellationToken, announce: false);
                AnnounceIfSilent(session.WorkerId, session.SessionId);
            }
        }

        pulse.Read(sentAt, now);
    }

    private void AnnounceIfSilent(string workerId, Guid sessionId)
    {
        if (silent.TryRemove(sessionId, out _))
            Changed?.Invoke(sessions[workerId]);
    }

    private WorkerSession Ended(WorkerSession session, SessionState state) => session with { State = state, EndedAt = time.GetUtcNow() };

    private async Task<WorkerSession?> StoredAsync(string workerId, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Workers.AsNoTracking()
            .SingleOrDefaultAsync(worker => worker.WorkerId == workerId, cancellationToken);
    }

    private async Task StoreAsync(
        WorkerSession session, CancellationToken cancellationToken, bool announce = true, bool isNew = false, OutboxMessage? message = null)
    {
        await using (var scope = scopes.CreateAsyncScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
            database.Entry(session).State = isNew ? EntityState.Added : EntityState.Modified;
            if (message is not null)
                database.Add(message);
            await SaveAsync(scope, cancellationToken);
        }

        if (sessions.TryGetValue(session.WorkerId, out var before) && before.SessionId != session.SessionId)
            ForgetSigns(before);
        sessions[session.WorkerId] = session;
        if (announce)
            Changed?.Invoke(session);
    }

    private void ForgetSigns(WorkerSession session)
    {
        silent.TryRemove(session.SessionId, out _);
        leaving.TryRemove(session.SessionId, out _);
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
