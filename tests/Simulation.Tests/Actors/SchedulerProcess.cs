using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.TestRuns;
using LoadBalancer.Simulation.Tests.Engine;

namespace LoadBalancer.Simulation.Tests.Actors;

/// <summary>
/// A scheduler: the real state machine, planner and dispatch state, with the loops around them turned into steps of a simulated world. It
/// stands by until it leads.
/// </summary>
internal sealed class SchedulerProcess(World world, string name, int seed) : Process(world, name), IWriter
{
    private static readonly TimeSpan RelayAfter = SagaEngine.SchedulerOptions.RelayAfter;
    private static readonly TimeSpan SafetyTick = TimeSpan.FromSeconds(1);

    private readonly HashSet<long> inFlight = [];
    private readonly Queue<Action<DispatchState>> inputs = new();
    private SchedulerLease lease = null!;
    private DispatchState state = null!;
    private DateTimeOffset graceEnds;
    private bool planIsDue;
    private bool isEnding;

    /// <summary>0 while this process has not led.</summary>
    public long Epoch => lease?.Epoch ?? 0;

    /// <summary>Null until it leads.</summary>
    public Planner? Planner { get; private set; }

    public SchedulerFleet Fleet { get; private set; } = null!;

    public DateTimeOffset Now => World.Time.GetUtcNow();

    public bool ReachesDatabase => !World.DatabaseIsAway && !IsCutOff;

    /// <summary>As asked for by SIGTERM: it hands over.</summary>
    public void End()
    {
        if (!IsRunning || IsFrozen)
            return;

        lease.GiveBack();
        Kill();
    }

    public void FreezeBefore(Func<object?> commit)
    {
        FreezeAndThen(() =>
        {
            if (ReachesDatabase && commit() is RunsCommitted committed)
                Committed(committed);
        });
        World.Time.After(World.Chance.Seconds(1, 40), Thaw);
    }

    /// <summary>It ends and is started again. Until its loops have stopped they go on.</summary>
    public override void Replaced()
    {
        if (isEnding)
            return;

        isEnding = true;
        World.Trace($"{Name} finds that its epoch {Epoch} is over");
        After(World.Chance.Seconds(0, 5), () =>
        {
            Kill();
            World.ProcessDied(this);
        });
    }

    /// <summary>Waits where the product's message retry waits.</summary>
    public void WhenDatabaseAnswers(Action action)
    {
        if (!ReachesDatabase)
            After(TimeSpan.FromSeconds(0.5), () => WhenDatabaseAnswers(action));
        else
            action();
    }

    public RunReply Raise<T>(T happened) where T : RunEvent => World.Engine.Raise(happened);

    public void Tell(string workerId, WorkerCommand command) => World.Network.Send(this, Names.WorkerControl(workerId), command);

    /// <summary>To the planner's own loop, which comes to it a little later, in order.</summary>
    public void Post(Action<DispatchState> input)
    {
        inputs.Enqueue(input);
        After(World.Chance.Seconds(0, 0.01), () =>
        {
            inputs.Dequeue()(state);
            PlanSoon();
        });
    }

    protected override void Begin()
    {
        inFlight.Clear();
        inputs.Clear();
        (planIsDue, isEnding, Planner) = (false, false, null);
        lease = new SchedulerLease(this, World);
        lease.Take(Lead);
    }

    protected override void Acts()
    {
        World.Store.Writer = this;
        World.Engine.TellCommits(Committed);
    }

    protected override void Killed() => lease.LoseConnection();

    private void Lead()
    {
        Restore();
        ConsumeQueues();
        Repeat(TimeSpan.FromSeconds(1), Fleet.SendPulse);
        Repeat(SagaEngine.SchedulerOptions.SweepInterval, Sweep);
        Repeat(SafetyTick, Plan);
        Relay(Now);
        if (World.Defect is not Defect.NoRelay)
            Repeat(TimeSpan.FromSeconds(1), () => Relay(Now - RelayAfter));
    }

    private void Restore()
    {
        var durations = new DurationModel();
        Planner = new Planner(new PolicySet(), durations, new Random(seed), horizon: SagaEngine.SchedulerOptions.LookAhead);
        state = new DispatchState(Planner, durations);
        Fleet = new SchedulerFleet(this, World);
        Fleet.Restore(state);
        var runs = World.Store.Runs.Values.Where(run => run.IsWaiting).OrderBy(run => run.SubmittedAt).ThenBy(run => run.CorrelationId);
        var reservations = World.Store.Reservations.Values.Select(held =>
        {
            var decision = World.Store.Decisions[(held.RunId, held.Attempt)];
            return new StoredReservation(held, decision.DecidedAt, decision.PredictedSeconds, decision.PredictedP90Seconds)
            {
                Started = World.Store.Runs[held.RunId].CurrentState == RunStates.Running,
            };
        }).OrderBy(held => held.DecidedAt);
        state.Restore(runs, reservations, World.Store.Outcomes.Where(outcome => outcome.Accepted));
        graceEnds = Now + SagaEngine.SchedulerOptions.StartGrace;
    }

    private void ConsumeQueues()
    {
        Consume(Names.SubmitTest, message => Raise(new RunSubmitted(((SubmitTest)message).RunId!.Value, (SubmitTest)message)));
        Consume(Names.CancelTest, message => Raise(new CancelRequested(((CancelTest)message).RunId!.Value, "not wanted")));
        Consume(Names.WorkerEvents, message => Fleet.Hear((WorkerReport)message));
        Consume(Names.WorkerHeartbeats, message => Fleet.Hear((WorkerHeartbeat)message));
    }

    private void Consume(string queue, Action<object> handle) =>
        World.Network.Consume(queue, this, prefetch: 16, (message, acknowledge) => UntilStored(() =>
        {
            handle(message);
            acknowledge();
        }));

    /// <summary>A message that could not be stored is handled again, all of it.</summary>
    private void UntilStored(Action handle) => WhenDatabaseAnswers(() =>
    {
        try
        {
            handle();
        }
        catch (EndOfStreamException)
        {
            After(TimeSpan.FromSeconds(0.1), () => UntilStored(handle));
        }
    });

    private void Committed(RunsCommitted committed)
    {
        foreach (var message in committed.Messages)
            SendSoon(message, sentBefore: false);
        Post(dispatch => dispatch.Apply(committed));
    }

    private void PlanSoon()
    {
        if (planIsDue)
            return;

        planIsDue = true;
        After(TimeSpan.Zero, Plan);
    }

    private void Plan()
    {
        planIsDue = false;
        var plan = state.Plan(Now, maxDecisions: 256);
        foreach (var decision in plan.Decisions)
            After(World.Chance.Seconds(0, 0.05), () => WhenDatabaseAnswers(() => Place(decision)));
        Rebalance();
        if (Now < graceEnds)
            return;

        foreach (var impossible in state.TakeImpossible(plan))
        {
            After(World.Chance.Seconds(0, 0.05), () => WhenDatabaseAnswers(() =>
            {
                Raise(new RunImpossible(impossible.RunId, impossible.Reason));
                Post(dispatch => dispatch.RoundCounted(impossible.RunId));
            }));
        }
    }

    private void Rebalance()
    {
        // What is left of an earlier leadership may still plan once.
        foreach (var move in Planner?.Rebalance(Now, Rebalancer.MovesAtOnce) ?? [])
            After(World.Chance.Seconds(0, 0.05), () => WhenDatabaseAnswers(() => Raise(new MoveProposed(move.Attempt.RunId, move.Attempt.Attempt, move.Reason))));
    }

    private void Place(Decision decision)
    {
        var stored = Fleet.Find(decision.WorkerId) is { } session && Fleet.TakesWork(session) &&
            Raise(new RunPlaced(decision.RunId, session.SessionId, session.Capabilities.Class, decision)).Applied;
        Post(dispatch => dispatch.Answered(decision, stored));
    }

    private void Relay(DateTimeOffset createdBefore)
    {
        foreach (var message in World.Store.Outbox.Values.Where(message => message.CreatedAt <= createdBefore).ToList())
            SendSoon(message, sentBefore: true);
    }

    private void SendSoon(OutboxMessage message, bool sentBefore)
    {
        if (inFlight.Add(message.Id))
            After(World.Chance.Seconds(0, 0.02), () => Send(message, sentBefore));
    }

    private void Send(OutboxMessage message, bool sentBefore)
    {
        var (queue, body) = message.Kind switch
        {
            OutboxKind.Assignment => (Names.WorkerQueue(message.Address), (object)message.Read<RunTest>()),
            OutboxKind.Command => (Names.WorkerControl(message.Address), message.Read<WorkerCommand>()),
            _ => (Names.TestEvents, message.Read<TestRunsChanged>()),
        };
        World.Network.Send(this, queue, body, sent =>
        {
            if (sent is Sent.Unknown)
                inFlight.Remove(message.Id);
            else
                WhenDatabaseAnswers(() => Done(message, body, sent, sentBefore));
        });
    }

    private void Done(OutboxMessage message, object body, Sent sent, bool sentBefore)
    {
        if (sent is Sent.Returned && body is RunTest run)
        {
            Fleet.Bindings.Lost(message.Address, run.SessionId);
            Raise(new AssignmentReturned(run.RunId, new AttemptOwner(run.Attempt, message.Address, run.SessionId)) { SentBefore = sentBefore });
        }

        World.Store.Sent(message.Id);
        inFlight.Remove(message.Id);
    }

    private void Sweep()
    {
        if (!ReachesDatabase)
            return;

        try
        {
            SweepOnce();
        }
        catch (EndOfStreamException)
        {
            // The next one looks again.
        }
    }

    private void SweepOnce()
    {
        Fleet.Expire();
        foreach (var run in World.Store.Runs.Values.Where(run => run.HoldsWorker && !Fleet.IsAlive(run)).ToList())
            Raise(Fleet.LossOf(run));
        RaiseDeadlines(Deadline.Queue, run => run.IsWaiting && run.QueueDeadline <= Now);
        if (World.Defect is not Defect.NoStartDeadline)
            RaiseDeadlines(Deadline.Start, run => run.StartDeadline <= Now);
        RaiseDeadlines(Deadline.Execution, run => run.ExecutionDeadline <= Now);
        Fleet.Forget();
    }

    private void RaiseDeadlines(Deadline deadline, Func<TestRun, bool> due)
    {
        foreach (var run in World.Store.Runs.Values.Where(due).ToList())
            Raise(new DeadlinePassed(run.CorrelationId, deadline));
    }

    private void Repeat(TimeSpan interval, Action action) => After(interval, () =>
    {
        action();
        Repeat(interval, action);
    });
}
