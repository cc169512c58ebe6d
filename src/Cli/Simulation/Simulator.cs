using LoadBalancer.Placement;

namespace LoadBalancer.Cli.Simulation;

/// <summary>
/// Runs a scenario on a virtual clock with the scheduler's own planner. Events of one instant are all handled before the planner is asked,
/// as the scheduler's loop does with what has arrived; between instants nothing takes time but the start of an attempt.
/// </summary>
internal sealed class Simulator
{
    private const int DecisionsPerPass = 256;

    /// <summary>From the decision to the start, while nothing else runs in that place.</summary>
    public static readonly TimeSpan StartDelay = TimeSpan.FromMilliseconds(5);

    /// <summary>How long a worker that died without a word is believed to live.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(45);

    /// <summary>Any time does; a fixed one gives the same plans.</summary>
    private static readonly DateTimeOffset Origin = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly EventQueue events = new();
    private readonly Dictionary<string, FleetLine> workers = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, RunProgress> runs;
    private readonly List<SimulatedAttempt> attempts = [];
    private readonly TimedPlanner planner;
    private int decisions;
    private TimeSpan? wake;

    private Simulator(Scenario scenario, string policy, TimeProvider time)
    {
        var durations = new DurationModel();
        var real = new Planner(new PolicySet(defaultPolicy: PolicySpec.Parse(policy)), durations, new Random(scenario.Seed));
        foreach (var (key, limit) in scenario.KeyLimits) real.LimitKey(key, limit);
        foreach (var lesson in Lessons.Of(scenario.History, scenario.Fleet)) durations.Learn(lesson);
        planner = new TimedPlanner(real, durations, time);
        runs = scenario.Trace.Select(run => new RunProgress(run)).ToDictionary(run => run.RunId);
        foreach (var kind in scenario.Fleet) Add(kind);
        foreach (var run in runs.Values) events.Add(run.Traced.At, new SimulatedEvent.RunArrives(run));
    }

    /// <param name="scenario">What is simulated.</param>
    /// <param name="policy">Places every test type.</param>
    /// <param name="time">Measures the planner; the simulation has a clock of its own.</param>
    /// <param name="cancel">Ends it early.</param>
    public static SimulationResult Run(Scenario scenario, string policy, TimeProvider time, CancellationToken cancel)
    {
        var simulator = new Simulator(scenario, policy, time);
        simulator.Run(cancel);
        return new SimulationResult
        {
            Scenario = scenario,
            Policy = policy,
            Runs = [.. simulator.runs.Values],
            Attempts = [.. simulator.attempts.Where(attempt => attempt.Started).OrderBy(attempt => attempt.Start)],
            Decisions = simulator.decisions,
            PlannerTime = simulator.planner.Total,
            PlanTimes = simulator.planner.Plans,
        };
    }

    private void Add(FleetLine kind)
    {
        foreach (var workerId in kind.WorkerIds)
        {
            workers[workerId] = kind;
            var isThere = kind.JoinsAt == TimeSpan.Zero;
            planner.Register(kind.Profile(workerId, accepting: isThere));
            if (!isThere) events.Add(kind.JoinsAt, new SimulatedEvent.WorkerJoins(kind, workerId));
            if (kind.LeavesAt is { } leavesAt) events.Add(leavesAt + Lease, new SimulatedEvent.LeaseEnds(workerId));
        }
    }

    private void Run(CancellationToken cancel)
    {
        while (events.Next is { } now)
        {
            cancel.ThrowIfCancellationRequested();
            while (events.TryTake(now, out var happening)) Handle(happening, now);
            Plan(now);
        }

        if (runs.Values.FirstOrDefault(run => run.EndedAt is null) is { } left)
        {
            throw new InvalidOperationException(
                $"Nothing more will happen, and {planner.Waiting} runs are left waiting, such as line {left.Traced.Index + 1} of the trace.");
        }
    }

    private void Handle(SimulatedEvent happening, TimeSpan now)
    {
        switch (happening)
        {
            case SimulatedEvent.AttemptEnds { Attempt: var attempt }:
                End(attempt, now);
                break;
            case SimulatedEvent.LeaseEnds { WorkerId: var workerId }:
                planner.Forget(workerId);
                break;
            case SimulatedEvent.WorkerJoins { Kind: var kind, WorkerId: var workerId }:
                planner.Register(kind.Profile(workerId, accepting: true));
                break;
            case SimulatedEvent.RunArrives { Run: var run }:
                Wait(run);
                if (run.QueueDeadline is { } deadline) events.Add(deadline, new SimulatedEvent.QueueTimeEnds(run));
                break;
            case SimulatedEvent.QueueTimeEnds { Run: { State: RunState.Waiting, Attempts: 0 } run }:
                planner.Withdraw(run.RunId);
                run.End(RunState.Failed, now, byItself: false);
                break;
        }
    }

    private void Wait(RunProgress run) => planner.Submit(run.Demand(Origin));

    private void Plan(TimeSpan now)
    {
        Plan plan;
        do
        {
            plan = planner.Plan(Origin + now, DecisionsPerPass);
            foreach (var decision in plan.Decisions) Place(decision, now);
            foreach (var impossible in plan.Impossible) GiveUp(runs[impossible.RunId], now);
        }
        while (plan.Decisions.Count == DecisionsPerPass);

        WakeAt(plan.WakeAt - Origin, now);
    }

    private void WakeAt(TimeSpan? at, TimeSpan now)
    {
        if (at == wake || !(at > now)) return;

        wake = at;
        events.Add(at.Value, new SimulatedEvent.PlannerWakes());
    }

    private void Place(Decision decision, TimeSpan now)
    {
        decisions++;
        var run = runs[decision.RunId];
        var attempt = Attempt(run, decision, now);
        attempts.Add(attempt);
        run.State = RunState.Placed;
        if (attempt.Started) run.Start(attempt.Start);
        events.Add(attempt.End, new SimulatedEvent.AttemptEnds(attempt));
    }

    private SimulatedAttempt Attempt(RunProgress run, Decision decision, TimeSpan now)
    {
        var kind = workers[decision.WorkerId];
        var actual = run.Traced.Actual;
        var trueTime = actual.On(kind) ?? throw new InvalidOperationException(
            $"Line {run.Traced.Index + 1} of the trace has no time on {decision.WorkerId}, where the planner placed it.");
        var timesOut = trueTime > run.Traced.Timeout;
        var start = now + StartDelay;
        var end = start + (timesOut ? run.Traced.Timeout : trueTime);
        var isLost = end > kind.LeavesAt || start >= kind.LeavesAt;
        return new SimulatedAttempt
        {
            Run = run,
            Decision = decision,
            Kind = kind,
            DecidedAt = now,
            Start = start,
            End = isLost ? kind.LeavesAt!.Value + Lease : end,
            Outcome = isLost ? AttemptOutcome.WorkerLost
                : timesOut ? AttemptOutcome.TimedOut
                : actual.Passes ? AttemptOutcome.Passed : AttemptOutcome.Failed,
            TrueTime = trueTime,
        };
    }

    private void End(SimulatedAttempt attempt, TimeSpan now)
    {
        var run = attempt.Run;
        planner.Release(run.RunId, attempt.Decision.Attempt);
        planner.Learn(Lessons.Of(attempt));
        switch (attempt.Outcome)
        {
            case AttemptOutcome.Passed:
                run.End(RunState.Completed, now, byItself: true);
                break;
            case AttemptOutcome.WorkerLost when run.Traced.Test.RequeueOnWorkerLoss && !(run.Attempts == 0 && run.QueueDeadline <= now):
                WaitAgain(attempt, atTheCostOfARetry: false);
                break;
            case AttemptOutcome.WorkerLost:
                run.End(RunState.Failed, now, byItself: false);
                break;
            case AttemptOutcome.Failed or AttemptOutcome.TimedOut when run.RetriesUsed < run.Traced.Test.Retries:
                WaitAgain(attempt, atTheCostOfARetry: true);
                break;
            default:
                run.End(RunState.Failed, now, byItself: true);
                break;
        }
    }

    private void WaitAgain(SimulatedAttempt attempt, bool atTheCostOfARetry)
    {
        attempt.Run.WaitAgain(attempt.Decision.WorkerId, atTheCostOfARetry);
        Wait(attempt.Run);
    }

    private void GiveUp(RunProgress run, TimeSpan now)
    {
        planner.Withdraw(run.RunId);
        run.End(RunState.Unschedulable, now, byItself: false);
    }
}
