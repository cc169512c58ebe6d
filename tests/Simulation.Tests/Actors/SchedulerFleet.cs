using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.TestRuns;
using LoadBalancer.Simulation.Tests.Engine;

namespace LoadBalancer.Simulation.Tests.Actors;

/// <summary>What the scheduler knows of its workers: the real rules of sessions, pulse and reconciliation, on the simulated store.</summary>
internal sealed class SchedulerFleet(SchedulerProcess scheduler, World world)
{
    private readonly Dictionary<string, WorkerSession> sessions = new(world.Store.Workers, StringComparer.Ordinal);
    private readonly HashSet<Guid> silent = [];
    private readonly HeartbeatPulse pulse = new();
    private readonly Reconciliation reconciliation = new();
    private readonly long epoch = scheduler.Epoch;

    public WorkerBindings Bindings { get; } = new();

    private static TimeSpan Lease => SagaEngine.SchedulerOptions.LeaseDuration;

    private DateTimeOffset Now => scheduler.Now;

    public WorkerSession? Find(string workerId) => sessions.GetValueOrDefault(workerId);

    public bool TakesWork(WorkerSession session) =>
        session is { State: SessionState.Alive, Draining: false } && !silent.Contains(session.SessionId) && Bindings.IsBound(session.SessionId);

    public bool IsAlive(TestRun run) => SessionRules.IsValid(Find(run.WorkerId!), run.SessionId!.Value);

    public WorkerLost LossOf(TestRun run) => SessionRules.LossOf(run.CorrelationId, run.CurrentOwner!, Find(run.WorkerId!));

    public void Restore(DispatchState state)
    {
        foreach (var session in sessions.Values)
            state.Register(session, TakesWork(session));
        Bindings.Changed += workerId => Announce(Find(workerId));
    }

    public void SendPulse() => world.Network.Send(scheduler, Names.WorkerHeartbeats, pulse.Next(Now));

    public void Hear(WorkerReport report)
    {
        foreach (var entry in report.Reports)
        {
            switch (entry)
            {
                case WorkerRegistered registered:
                    Register(report, registered);
                    break;
                case WorkerLeft when SessionRules.IsValid(Find(report.WorkerId), report.SessionId):
                    Put(Find(report.WorkerId)! with { State = SessionState.Left, EndedAt = Now });
                    break;
                case TestStarted started:
                    scheduler.Raise(new AttemptStarted(started.RunId, By(started.Attempt)));
                    break;
                case TestFinished finished:
                    scheduler.Raise(new AttemptFinished(finished.RunId, By(finished.Attempt), finished));
                    break;
                case TestRecalled recalled:
                    scheduler.Raise(new RunRecalled(recalled.RunId, By(recalled.Attempt), recalled.Started));
                    break;
            }
        }

        AttemptOwner By(int attempt) => new(attempt, report.WorkerId, report.SessionId);
    }

    public void Hear(WorkerHeartbeat heartbeat)
    {
        if (heartbeat.WorkerId == HeartbeatPulse.Sender)
        {
            ReadPulse(heartbeat);
            return;
        }

        var known = Find(heartbeat.WorkerId);
        if (!SessionRules.IsValid(known, heartbeat.SessionId))
        {
            ConfirmLeadership();
            scheduler.Tell(heartbeat.WorkerId, SessionRules.Ended(heartbeat.SessionId));
            return;
        }

        Put(known! with { LastHeartbeatAt = Now, LeaseUntil = Now + Lease }, announce: false);
        AnnounceIfSilent(heartbeat.WorkerId, heartbeat.SessionId);
        if (!Bindings.IsBound(heartbeat.SessionId))
        {
            world.Network.Declare(Names.WorkerQueue(heartbeat.WorkerId));
            Bindings.Restored(heartbeat.WorkerId, heartbeat.SessionId);
        }

        scheduler.Tell(heartbeat.WorkerId, new HeartbeatAnswered
        {
            SessionId = heartbeat.SessionId,
            Sequence = heartbeat.Sequence,
            Epoch = epoch,
            LeaseSeconds = Lease.TotalSeconds,
            Stop = Reconcile(heartbeat).Strangers,
            StoredResults = [.. heartbeat.Unconfirmed.Where(result => IsStored(heartbeat.WorkerId, result))],
        });
    }

    public void Expire()
    {
        var readUpTo = world.Defect is Defect.LeasesByTheClock ? Now : pulse.ReadUpTo;
        foreach (var session in sessions.Values.Where(session => session.State == SessionState.Alive).ToList())
        {
            if (session.LeaseUntil <= readUpTo)
            {
                Put(session with { State = SessionState.Lost, EndedAt = Now });
                world.Trace($"the lease of {session.WorkerId} ends");
                world.Lost.Add(session.WorkerId);
            }
            else if (readUpTo - (session.LeaseUntil - Lease) > SagaEngine.SchedulerOptions.DoubtAfter && silent.Add(session.SessionId))
            {
                Announce(session);
            }
        }
    }

    public void Forget()
    {
        var before = Now - SagaEngine.SchedulerOptions.ForgetWorkerAfter;
        foreach (var gone in sessions.Values.Where(session => session.State != SessionState.Alive && session.EndedAt < before).ToList())
        {
            world.Store.Forget(gone.WorkerId);
            world.Trace($"{gone.WorkerId} is forgotten");
            sessions.Remove(gone.WorkerId);
            world.Network.Delete(Names.WorkerQueue(gone.WorkerId));
            reconciliation.Forget(gone.WorkerId);
            scheduler.Post(state => state.Forget(gone.WorkerId));
        }
    }

    private void Register(WorkerReport report, WorkerRegistered registration)
    {
        world.Network.Declare(Names.WorkerQueue(report.WorkerId));
        var known = Find(report.WorkerId);
        var refusal = SessionRules.Refusal(known, report.SessionId, registration, Now);
        if (refusal is null)
        {
            Put(SessionRules.Accept(known, report.WorkerId, report.SessionId, registration, Now, Lease));
            Bindings.Restored(report.WorkerId, report.SessionId);
        }
        else
        {
            ConfirmLeadership();
        }

        WorkerCommand answer = refusal is null
            ? new WorkerAccepted { SessionId = report.SessionId, Epoch = epoch, LeaseSeconds = Lease.TotalSeconds }
            : refusal;
        world.Trace($"{report.WorkerId} is {(refusal is null ? "accepted" : "refused")} as {report.SessionId:N}"[..^24]);
        world.Network.Send(scheduler, registration.ReplyTo, answer);
    }

    private void ConfirmLeadership()
    {
        if (world.Defect is not Defect.NoConfirmation)
            world.Store.Confirm();
    }

    private void ReadPulse(WorkerHeartbeat heartbeat)
    {
        if (pulse.SentAt(heartbeat) is not { } sentAt || world.Store.Leader.Epoch != epoch)
            return;

        if (pulse.EndsOutage(sentAt, Now))
        {
            foreach (var session in sessions.Values.Where(session => session.State == SessionState.Alive).ToList())
            {
                Put(session with { LeaseUntil = Now + Lease }, announce: false);
                AnnounceIfSilent(session.WorkerId, session.SessionId);
            }
        }

        pulse.Read(sentAt, Now);
    }

    private Discrepancies Reconcile(WorkerHeartbeat heartbeat)
    {
        var assigned = world.Store.Runs.Values
            .Where(run => run.HoldsWorker && run.WorkerId == heartbeat.WorkerId && run.SessionId == heartbeat.SessionId).ToList();
        var found = reconciliation.Compare(heartbeat, assigned, epoch);
        foreach (var (runId, attempt) in found.Started)
            scheduler.Raise(new AttemptStarted(runId, OwnerOf(attempt)));
        foreach (var (runId, attempt) in found.Missing)
            scheduler.Raise(new WorkerLost(runId, OwnerOf(attempt), $"worker {heartbeat.WorkerId} no longer has it"));
        return found;

        AttemptOwner OwnerOf(int attempt) => new(attempt, heartbeat.WorkerId, heartbeat.SessionId);
    }

    private bool IsStored(string workerId, RunAttempt result) =>
        !world.Store.Runs.ContainsKey(result.RunId) ||
        world.Store.Outcomes.Any(o => o.RunId == result.RunId && o.Attempt == result.Attempt && o.WorkerId == workerId && o.Outcome is not null);

    private void AnnounceIfSilent(string workerId, Guid sessionId)
    {
        if (silent.Remove(sessionId))
            Announce(Find(workerId));
    }

    private void Put(WorkerSession session, bool announce = true)
    {
        world.Store.Put(session);
        sessions[session.WorkerId] = session;
        if (announce)
            Announce(session);
    }

    private void Announce(WorkerSession? session)
    {
        if (session is not null)
            scheduler.Post(state => state.Register(session, TakesWork(session)));
    }
}
