using System.Threading.Channels;
using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Dispatch;

/// <summary>
/// Owns the planner. One loop takes what happened (commits, workers, releases), plans at once, and raises each decision as an event of
/// its run; the planner has reserved by then, so the next pass need not wait for the commit. What does not commit is taken back.
/// </summary>
internal sealed partial class Dispatcher : IDisposable
{
    private const int DecisionsPerPass = 256;

    /// <summary>Decisions being stored at once: with group commit as many as commit together, else far fewer than there are connections.</summary>
    private const int CommitsAtOnce = 512;

    private const int TransactionsAtOnce = 32;

    /// <summary>Waiting runs looked at for the estimates of one batch: the planner's loop does nothing else meanwhile.</summary>
    private const int MostLooks = 1_000_000;

    private static readonly TimeSpan SafetyTick = TimeSpan.FromSeconds(1);

    private readonly Channel<Action<Planner>> inputs = Channel.CreateUnbounded<Action<Planner>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim committing;
    private readonly Planner planner;
    private readonly DispatchState state;
    private readonly TestRunEvents events;
    private readonly WorkerFleet fleet;
    private readonly Rebalancer rebalancer;
    private readonly SchedulerOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<Dispatcher> logger;
    private DateTimeOffset graceEnds = DateTimeOffset.MaxValue;

    public Dispatcher(
        Planner planner, DurationModel durations, TestRunEvents events, RunCommits commits, WorkerFleet fleet, WorkerBindings bindings,
        Rebalancer rebalancer, IOptions<SchedulerOptions> options, TimeProvider time, ILogger<Dispatcher> logger)
    {
        (this.planner, this.events, this.fleet, this.rebalancer, this.options, this.time, this.logger) =
            (planner, events, fleet, rebalancer, options.Value, time, logger);
        committing = new SemaphoreSlim(this.options.GroupCommit ? CommitsAtOnce : TransactionsAtOnce);
        state = new DispatchState(planner, durations);
        commits.Listen(committed => Post(_ => Apply(committed)));
        fleet.Changed += session => Post(_ => Register(session));
        fleet.Forgotten += workerId => Post(_ => state.Forget(workerId));
        bindings.Changed += workerId => Post(_ =>
        {
            if (fleet.Find(workerId) is { } session)
                Register(session);
        });
    }

    /// <summary>Lets the planner's own loop do something, before its next pass.</summary>
    public void Post(Action<Planner> input) => inputs.Writer.TryWrite(input);

    public Task<T> AskAsync<T>(Func<Planner, T> question, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(planner =>
        {
            try
            {
                answer.SetResult(question(planner));
            }
            catch (Exception exception)
            {
                answer.SetException(exception);
            }
        });
        return answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Who could run each of these tests and when it is expected to have finished. One question for all of them; each estimate looks at all
    /// that waits, so that beyond a bound of work the last ones get none.
    /// </summary>
    public Task<IReadOnlyList<Prospects>> ProspectsAsync(IReadOnlyList<(Guid RunId, SubmitTest Test)> tests, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return AskAsync(planner => ProspectsOf(planner, tests, now), cancellationToken);
    }

    private static IReadOnlyList<Prospects> ProspectsOf(Planner planner, IReadOnlyList<(Guid RunId, SubmitTest Test)> tests, DateTimeOffset now)
    {
        var estimates = MostLooks / (planner.Waiting + 1);
        return [.. tests.Select((entry, i) => planner.ProspectsOf(Demands.Of(entry.Test, entry.RunId, now), now, withEta: i < estimates))];
    }

    /// <summary>Recalls what has not started and would finish sooner elsewhere.</summary>
    public async Task<IReadOnlyList<MoveView>> RebalanceAsync(CancellationToken cancellationToken)
    {
        var moves = await AskAsync(planner => planner.Rebalance(time.GetUtcNow(), Rebalancer.MovesAtOnce), cancellationToken);
        return await rebalancer.RecallAsync(moves, cancellationToken);
    }

    /// <summary>Number of runs that need a key and are not placed, for each key that somebody needs.</summary>
    public Task<IReadOnlyDictionary<string, int>> WaitingByKeyAsync(CancellationToken cancellationToken) =>
        AskAsync(_ => state.WaitingByKey(), cancellationToken);

    /// <summary>Takes over what was stored. Called before the loop starts.</summary>
    public void Restore(IEnumerable<TestRun> waitingRuns, IEnumerable<StoredReservation> reservations, IEnumerable<OutcomeRow> outcomes)
    {
        foreach (var session in fleet.All)
            Register(session);
        state.Restore(waitingRuns, reservations, outcomes);
        graceEnds = time.GetUtcNow() + options.StartGrace;
    }

    public async Task RunAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            while (inputs.Reader.TryRead(out var input))
                Supervised(() => input(planner));

            var wakeAt = Supervised(() => PlanOnce(stoppingToken)) ?? time.GetUtcNow() + SafetyTick;
            await WaitForInputAsync(wakeAt - time.GetUtcNow(), stoppingToken);
        }
    }

    public void Dispose() => committing.Dispose();

    private async Task WaitForInputAsync(TimeSpan limit, CancellationToken stoppingToken)
    {
        if (limit <= TimeSpan.Zero)
            return;

        using var wake = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var arrived = inputs.Reader.WaitToReadAsync(wake.Token).AsTask();
        var elapsed = Task.Delay(limit < SafetyTick ? limit : SafetyTick, time, wake.Token);
        await Task.WhenAny(arrived, elapsed);
        await wake.CancelAsync();
    }

    private DateTimeOffset? PlanOnce(CancellationToken stoppingToken)
    {
        var plan = state.Plan(time.GetUtcNow(), DecisionsPerPass);
        foreach (var decision in plan.Decisions)
            _ = Task.Run(() => PlaceAsync(decision, stoppingToken), stoppingToken);
        foreach (var failure in plan.PolicyFailures)
            LogPolicyFailed(failure.Policy, failure.RunId, failure.Error);
        if (options.WhenImpossible == WhenImpossible.Fail && time.GetUtcNow() >= graceEnds)
        {
            foreach (var impossible in state.TakeImpossible(plan))
                _ = Task.Run(() => CountImpossibleAsync(impossible, stoppingToken), stoppingToken);
        }

        RebalanceWhenDue(stoppingToken);
        return plan.Decisions.Count == DecisionsPerPass ? time.GetUtcNow() : plan.WakeAt;
    }

    private void RebalanceWhenDue(CancellationToken stoppingToken)
    {
        var now = time.GetUtcNow();
        if (!rebalancer.IsDue(now, planner.Waiting))
            return;

        var moves = planner.Rebalance(now, Rebalancer.MovesAtOnce);
        if (moves.Count > 0)
            _ = Task.Run(() => rebalancer.RecallAsync(moves, stoppingToken), stoppingToken);
    }

    private async Task PlaceAsync(Decision decision, CancellationToken stoppingToken)
    {
        await committing.WaitAsync(stoppingToken);
        try
        {
            if (fleet.Find(decision.WorkerId) is not { } session || !fleet.TakesWork(session))
            {
                Answer(decision, stored: false, $"{decision.WorkerId} takes no work any more");
                return;
            }

            var reply = await events.RaiseAsync(
                new RunPlaced(decision.RunId, session.SessionId, session.Capabilities.Class, decision), stoppingToken);
            ForgetIfGone(decision.RunId, reply);
            Answer(decision, reply.Applied, reply.Reason);
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            Answer(decision, stored: false, exception.Message);
        }
        finally
        {
            committing.Release();
        }
    }

    private async Task CountImpossibleAsync(ImpossibleRun impossible, CancellationToken stoppingToken)
    {
        try
        {
            ForgetIfGone(impossible.RunId, await events.RaiseAsync(new RunImpossible(impossible.RunId, impossible.Reason), stoppingToken));
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            LogImpossibleNotStored(impossible.RunId, exception.Message);
        }

        Post(_ => state.RoundCounted(impossible.RunId));
    }

    /// <summary>Else it would be decided on for ever. What an event finds stored is told by <see cref="RunCommits"/>.</summary>
    private void ForgetIfGone(Guid runId, RunReply reply)
    {
        if (reply.IsOfNoRun)
            Post(_ => state.Gone(runId));
    }

    private void Answer(Decision decision, bool stored, string problem) => Post(_ =>
    {
        if (state.Answered(decision, stored))
            LogTakenBack(decision.RunId, decision.WorkerId, problem);
    });

    private void Register(WorkerSession session)
    {
        state.Register(session, fleet.TakesWork(session));
        rebalancer.CapacityCame();
    }

    private void Apply(RunsCommitted committed)
    {
        state.Apply(committed);
        if (committed.Outcomes.Count > 0)
            rebalancer.CapacityCame();
    }

    private void Supervised(Action action) => Supervised<object?>(() =>
    {
        action();
        return null;
    });

    private T? Supervised<T>(Func<T?> function)
    {
        try
        {
            return function();
        }
        catch (Exception exception)
        {
            // One bad input or pass must not end the loop: everybody would wait for ever.
            LogPassFailed(exception);
            return default;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Policy {Policy} failed on run {RunId}, which goes on waiting: {Problem}")]
    private partial void LogPolicyFailed(string policy, Guid runId, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {RunId} was not assigned to {WorkerId}: {Problem}")]
    private partial void LogTakenBack(Guid runId, string workerId, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "That run {RunId} is impossible could not be stored: {Problem}")]
    private partial void LogImpossibleNotStored(Guid runId, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "A planning pass failed")]
    private partial void LogPassFailed(Exception exception);
}
