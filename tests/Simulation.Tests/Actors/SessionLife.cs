using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Simulation.Tests.Engine;
using LoadBalancer.Worker.Sessions;

namespace LoadBalancer.Simulation.Tests.Actors;

/// <summary>One session of a worker, with the real lease and the real ledger of attempts.</summary>
internal sealed class SessionLife
{
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(5);

    private readonly WorkerMachine machine;
    private readonly World world;
    private readonly Guid id;
    private readonly AttemptLedger ledger = new();
    private readonly Lease lease;
    private readonly Dictionary<long, long> sentAt = [];
    private readonly Dictionary<RunAttempt, (Execution Execution, TestAttempt Attempt)> executions = [];
    private readonly List<(TestAttempt Attempt, Action Acknowledge)> waiting = [];
    private readonly long askedAt;
    private long acceptedAt;
    private double granted;
    private long sequence;
    private (long Epoch, long Sequence) answered;
    private bool isAccepted;
    private bool isOver;
    private bool takesAssignments;

    public SessionLife(WorkerMachine machine, World world)
    {
        (this.machine, this.world) = (machine, world);
        id = world.Chance.NewGuid();
        lease = new Lease(WorkerMachine.KillGrace, world.Time, machine.Fence);
        askedAt = world.Time.GetTimestamp();
    }

    public bool IsIdle => ledger.Held.Count == 0 && ledger.Running.Count == 0;

    public string Holding => string.Join(' ', ledger.Held.Concat(ledger.Running).Select(attempt => world.NameOf(attempt.RunId)));

    public void Register()
    {
        var request = new WorkerRegistered
        {
            Capabilities = machine.Capabilities,
            Slots = machine.Slots,
            PreviousSessionId = machine.Disk.PreviousSession,
            PreviousSessionFenced = machine.Disk.FencedSession is { } fenced && fenced == machine.Disk.PreviousSession,
            AskedSessionIds = [.. machine.Disk.Asked],
            ReplyTo = Names.WorkerReply(machine.Name, id),
        };
        machine.Disk.Asked.Add(id);
        world.Trace($"{machine.Name} begins session {id:N}"[..^24]);
        world.Network.Consume(request.ReplyTo, machine, prefetch: 1, Hear);
        Ask(request, TimeSpan.FromSeconds(1));
    }

    /// <summary>It is no longer executed: it ended by itself, or somebody killed it.</summary>
    public void Ended(Execution execution)
    {
        if (!executions.Remove(execution.Attempt, out var ended))
            return;

        var attempt = execution.Attempt;
        var outcome = execution.Outcome ?? TestOutcome.Stopped;
        if (!lease.IsLive && outcome is not (TestOutcome.Passed or TestOutcome.Skipped))
            outcome = TestOutcome.Stopped;
        machine.Reports.Finish(id, new TestFinished { RunId = attempt.RunId, Attempt = attempt.Attempt, Outcome = outcome, DurationSeconds = 1 });
        ledger.End(ended.Attempt);
        StartWaiting();
        if (isOver)
            EndWhenIdle();
    }

    private void Ask(WorkerRegistered request, TimeSpan pause)
    {
        if (isAccepted || isOver)
            return;

        machine.Reports.Say(id, request);
        machine.After(pause, () => Ask(request, pause * 2 < TimeSpan.FromSeconds(5) ? pause * 2 : TimeSpan.FromSeconds(5)));
    }

    private void Hear(object message, Action acknowledge)
    {
        acknowledge();
        if (message is not WorkerCommand command || command.SessionId != id || isOver)
            return;

        switch (command)
        {
            case WorkerAccepted accepted when machine.Epoch.Admits(accepted.Epoch):
                Accept(accepted);
                break;
            case WorkerRefused { SessionEnded: true } when world.Store.Workers.GetValueOrDefault(machine.Name) is { State: SessionState.Alive } living && living.SessionId == id:
                throw new SafetyException($"{machine.Name} is told that its living session has ended");
            case WorkerRefused when isAccepted:
                Lose(byLease: false);
                break;
            case WorkerRefused { SessionEnded: true }:
                isOver = true;
                machine.BeginSession();
                break;
            case HeartbeatAnswered answer when machine.Epoch.Admits(answer.Epoch):
                Answered(answer);
                break;
            case StopTest stop:
                Stop(new RunAttempt(stop.RunId, stop.Attempt));
                break;
            case RecallTest recall:
                Recall(new RunAttempt(recall.RunId, recall.Attempt));
                break;
        }
    }

    private void Accept(WorkerAccepted accepted)
    {
        if (isAccepted)
            return;

        isAccepted = true;
        world.Trace($"{machine.Name} hears that session {id:N}"[..^24] + " is accepted");
        machine.Disk.PreviousSession = id;
        machine.Disk.Asked.Clear();
        (acceptedAt, granted) = (world.Time.GetTimestamp(), accepted.LeaseSeconds);
        lease.Renew(askedAt, TimeSpan.FromSeconds(accepted.LeaseSeconds));
        world.Network.Consume(Names.WorkerControl(machine.Name), machine, prefetch: 1, Hear);
        WatchLease();
        Beat();
        TakeAssignments();
    }

    private void TakeAssignments()
    {
        if (takesAssignments || isOver || !lease.IsLive)
            return;

        takesAssignments = true;
        world.Network.Consume(Names.WorkerQueue(machine.Name), machine, machine.Slots, (message, acknowledge) => Take((RunTest)message, acknowledge));
    }

    private void Beat()
    {
        if (isOver && IsIdle)
            return;

        sentAt[++sequence] = world.Time.GetTimestamp();
        world.Network.Send(machine, Names.WorkerHeartbeats, new WorkerHeartbeat
        {
            WorkerId = machine.Name,
            SessionId = id,
            Sequence = sequence,
            Answered = answered.Sequence,
            AnsweredEpoch = answered.Epoch,
            Held = ledger.Held,
            Running = ledger.Running,
            Unconfirmed = [.. machine.Disk.Results.Keys],
        });
        machine.Reports.RepeatOverdue(3 * HeartbeatInterval);
        machine.After(HeartbeatInterval, Beat);
    }

    private void Answered(HeartbeatAnswered answer)
    {
        if ((answer.Epoch, answer.Sequence).CompareTo(answered) > 0)
            answered = (answer.Epoch, answer.Sequence);
        if (sentAt.TryGetValue(answer.Sequence, out var sent))
            lease.Renew(sent, TimeSpan.FromSeconds(answer.LeaseSeconds));
        foreach (var old in sentAt.Keys.Where(number => number <= answer.Sequence).ToList())
            sentAt.Remove(old);
        foreach (var stored in answer.StoredResults)
            machine.Disk.Results.Remove(stored);
        foreach (var stranger in answer.Stop)
            Stop(stranger);
        TakeAssignments();
    }

    private void WatchLease()
    {
        if (isOver || world.Defect is Defect.NoFence)
            return;

        var left = lease.BecameLive.IsCompleted
            ? lease.Remaining
            : TimeSpan.FromSeconds(granted) - WorkerMachine.KillGrace - world.Time.GetElapsedTime(acceptedAt);
        if (left <= TimeSpan.Zero)
            Lose(byLease: true);
        else
            machine.After(left, WatchLease);
    }

    private void Lose(bool byLease)
    {
        world.Trace($"{machine.Name} ends session {id:N}"[..^24] + (byLease ? ", since nobody answers" : ""));
        if (byLease)
            machine.Disk.FencedSession = id;
        isOver = true;
        GiveBack(ledger.Close());
        ledger.StopAll("the session is over");
        KillStopped();
        EndWhenIdle();
    }

    private void EndWhenIdle()
    {
        if (!IsIdle)
            return;

        machine.LiftFence();
        world.Network.Cancel(Names.WorkerQueue(machine.Name));
        machine.After(TimeSpan.Zero, machine.BeginSession);
    }

    private void Take(RunTest run, Action acknowledge)
    {
        if (run.SessionId != id)
        {
            acknowledge();
            return;
        }

        var (answer, attempt) = ledger.Take(run);
        if (answer is Intake.Taken)
        {
            waiting.Add((attempt!, acknowledge));
            machine.After(world.Chance.Seconds(0, 0.05), StartWaiting);
            return;
        }

        if (answer is Intake.Closed)
            machine.Reports.Say(id, new TestRecalled { RunId = run.RunId, Attempt = run.Attempt, Started = false });
        if (answer is Intake.Known && world.Defect is Defect.NoMemory)
            Execute(new TestAttempt(run));
        acknowledge();
    }

    private void StartWaiting()
    {
        while (waiting.FirstOrDefault(held => held.Attempt.StopReason is not null || MayStart(held.Attempt.Run)) is { Attempt: not null } next)
        {
            waiting.Remove(next);
            if (lease.IsLive && ledger.Start(next.Attempt))
                Execute(next.Attempt);
            else
                ledger.End(next.Attempt);
            next.Acknowledge();
        }
    }

    private bool MayStart(RunTest run) => executions.Count < machine.Slots && (run.StartsAfter is not { } predecessor || ledger.Ended(predecessor).IsCompleted);

    private void Execute(TestAttempt attempt)
    {
        var run = attempt.Run;
        machine.Reports.Say(id, new TestStarted { RunId = run.RunId, Attempt = run.Attempt });
        var execution = world.Executions.Begin(run, machine);
        executions[execution.Attempt] = (execution, attempt);
        var (duration, outcome) = world.Script(run);
        var notice = machine.InThisLife(() => Ended(execution));
        world.Time.After(duration, () =>
        {
            world.Executions.End(execution, outcome);
            notice();
        });
    }

    private void Stop(RunAttempt attempt)
    {
        switch (ledger.Stop(attempt, "asked to stop"))
        {
            case StopAnswer.NeverStarted:
                machine.Reports.Say(id, new TestRecalled { RunId = attempt.RunId, Attempt = attempt.Attempt, Started = false });
                break;
            case StopAnswer.Over:
                machine.Reports.Repeat(attempt);
                break;
        }

        KillStopped();
    }

    private void KillStopped()
    {
        foreach (var (execution, _) in executions.Values.Where(executed => executed.Attempt.StopReason is not null).ToList())
        {
            machine.After(world.Chance.Seconds(0, WorkerMachine.KillGrace.TotalSeconds / 2), () =>
            {
                world.Executions.End(execution, outcome: null);
                Ended(execution);
            });
        }

        StartWaiting();
    }

    private void Recall(RunAttempt attempt)
    {
        var started = ledger.Recall(attempt) || machine.Disk.Results.ContainsKey(attempt);
        machine.Reports.Say(id, new TestRecalled { RunId = attempt.RunId, Attempt = attempt.Attempt, Started = started });
        StartWaiting();
    }

    private void GiveBack(IReadOnlyList<RunAttempt> attempts)
    {
        foreach (var attempt in attempts)
            machine.Reports.Say(id, new TestRecalled { RunId = attempt.RunId, Attempt = attempt.Attempt, Started = false });
    }
}
