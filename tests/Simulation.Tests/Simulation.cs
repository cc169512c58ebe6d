using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.TestRuns;
using LoadBalancer.Simulation.Tests.Actors;
using LoadBalancer.Simulation.Tests.Engine;

namespace LoadBalancer.Simulation.Tests;

/// <summary>What became of one world.</summary>
/// <param name="Seed">Makes it again.</param>
/// <param name="Problem">What must never happen and did, or what should have happened and did not; null when all is well.</param>
/// <param name="History">What happened, line by line.</param>
/// <param name="Takeovers">How often the leadership went from one scheduler to another.</param>
/// <param name="Refused">Writes of schedulers that did not know yet that they had been replaced.</param>
/// <param name="Followed">Attempts that were handed out behind one that was about to end.</param>
/// <param name="Moved">Runs that were recalled to start sooner elsewhere.</param>
internal sealed record SimulationResult(int Seed, string? Problem, IReadOnlyList<string> History, int Takeovers, int Refused, int Followed, int Moved);

/// <summary>
/// One world from its seed: one to three schedulers, unlike workers, a suite of tests, and faults for a while. Safety is looked at in every moment, liveness after
/// the faults have ended.
/// </summary>
internal sealed class Simulation
{
    private static readonly TimeSpan FaultsEnd = TimeSpan.FromMinutes(4);

    /// <summary>Long enough for lease, start deadline, forgetting and the longest tests, one after the other.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(60);

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    private readonly World world;
    private readonly Submitter submitter;
    private readonly Climate climate;

    private Simulation(SagaEngine engine, int seed, Defect defect)
    {
        world = new World(engine, seed, schedulers: 1 + (seed / 4 % 3)) { Defect = defect };
        world.Store.LocksEpoch = defect is not Defect.NoEpochLock;
        climate = (Climate)(seed % 4);
        submitter = new Submitter(world, tests: world.Chance.Between(5, 20), within: FaultsEnd * 0.8);
        world.Store.Committed = Check;
        for (var i = 0; i < world.Chance.Between(1, 4); i++)
            world.Workers.Add(Worker(i));
    }

    public static SimulationResult Run(int seed, Defect defect = Defect.None) => SagaEngine.With(engine => Run(engine, seed, defect));

    private static SimulationResult Run(SagaEngine engine, int seed, Defect defect)
    {
        var simulation = new Simulation(engine, seed, defect);
        string? problem;
        try
        {
            problem = simulation.Run();
        }
        catch (SafetyException broken)
        {
            problem = broken.Message;
        }

        var store = simulation.world.Store;
        var followed = store.Decisions.Values.Count(decision => decision.Reason.Contains("it follows run", StringComparison.Ordinal));
        return new SimulationResult(
            seed, problem, simulation.world.History, store.Leader.Takeovers, store.Refused, followed, store.Runs.Values.Count(run => run.WasMoved));
    }

    private WorkerMachine Worker(int number)
    {
        var chance = world.Chance;
        var hasDevices = chance.Of(0.5);
        var capabilities = new WorkerCapabilities
        {
            CpuCores = chance.Between(2, 8),
            MemoryGb = chance.Between(4, 16),
            DiskGb = 100,
            Class = $"class-{chance.Between(1, 2)}",
            Labels = new Dictionary<string, string> { ["zone"] = chance.One(["a", "b"]) },
            Accelerators = hasDevices ? [new Accelerator { Type = "cuda", Id = "0", MemoryGb = 16 }, new Accelerator { Type = "cuda", Id = "1", MemoryGb = 16 }] : [],
        };
        return new WorkerMachine(world, $"w{number + 1}", chance.Between(1, 3), capabilities);
    }

    private string? Run()
    {
        world.Network.Consume(Names.TestEvents, submitter, prefetch: 100, Hear);
        foreach (var scheduler in world.Schedulers)
            scheduler.Start();
        foreach (var worker in world.Workers)
            world.Time.After(world.Chance.Seconds(0, 20), worker.Start);
        submitter.Start();
        new Faults(world, climate, FaultsEnd).Begin();
        Advance(FaultsEnd);
        while (Unfinished() is { } unfinished)
        {
            if (world.Time.Elapsed > FaultsEnd + Patience)
                return unfinished;
            Advance(world.Time.Elapsed + Settling);
        }

        // What is done may still be on its way to the planner.
        Advance(world.Time.Elapsed + Settling);
        return ProblemAtTheEnd();
    }

    private void Advance(TimeSpan until)
    {
        while (world.Time.Elapsed < until)
            world.Time.Step();
    }

    /// <summary>What is still to be done, or null.</summary>
    private string? Unfinished()
    {
        foreach (var (runId, _) in world.Submissions)
        {
            var run = world.Store.Runs.GetValueOrDefault(runId);
            if (run is null)
                return submitter.HandedIn.Contains(runId) ? $"{world.NameOf(runId)} is lost" : $"{world.NameOf(runId)} is not submitted yet";
            if (run.EndedAt is null)
                return $"{world.NameOf(runId)} does not end: {run.CurrentState} {run.Attempt} on {run.WorkerId}: {run.Reason}";
            if (world.Announced.GetValueOrDefault(runId)?.Count != run.Sequence)
                return $"not every change of {world.NameOf(runId)} was announced";
        }

        if (world.Store.Outbox.Count > 0)
            return $"{world.Store.Outbox.Count} messages are not sent";
        if (world.Workers.Find(worker => !worker.IsIdle) is { } busy)
            return $"{busy.Name} holds what nobody wants: {busy.Holding}";
        if (world.Leader is not { Planner: { } planner })
            return "nobody leads";
        return world.Workers.Sum(worker => planner.ReservationsOn(worker.Name).Count) > 0 ? "the planner reserves for nothing" : null;
    }

    private string? ProblemAtTheEnd()
    {
        if (world.Store.Reservations.Count > 0)
            return "a reservation is stored for nothing";
        if (world.Leader is not { Planner.Waiting: 0 })
            return "the planner thinks that something waits";
        if (climate is Climate.Rough or Climate.Outages && world.Lost is [var worker, ..])
            return $"the lease of {worker} ended though the worker was well";
        return world.Store.Runs.Values.Select(ProblemOf).FirstOrDefault(problem => problem is not null);
    }

    private string? ProblemOf(TestRun run)
    {
        var (name, submission) = (world.NameOf(run.CorrelationId), world.Submissions[run.CorrelationId]);
        var executions = world.Executions.All.Where(execution => execution.Run.RunId == run.CorrelationId).ToList();
        if (run.CurrentState == RunStates.Completed &&
            executions.Find(execution => execution.Run.Attempt == run.Attempt)?.Outcome is not (TestOutcome.Passed or TestOutcome.Skipped))
            return $"{name} is completed without having passed";
        if (climate is Climate.Rough or Climate.Outages && run.FailureKind == FailureKinds.WorkerLost && submission.RequeueOnWorkerLoss)
            return $"{name} failed as WorkerLost though no worker was lost: {run.Error}";
        var mayRepeat = submission.RequeueOnWorkerLoss || submission.Retries > 0 ||
            world.Store.Outcomes.Exists(outcome => outcome.RunId == run.CorrelationId && outcome.Outcome == TestOutcome.WorkerError);
        return mayRepeat || executions.Count <= 1 ? null : $"{name} must not be repeated, and was";
    }

    private void Hear(object message, Action acknowledge)
    {
        foreach (var change in ((TestRunsChanged)message).Changes)
        {
            if (!world.Announced.TryGetValue(change.RunId, out var heard))
                world.Announced[change.RunId] = heard = [];
            heard.Add(change.Sequence);
        }

        acknowledge();
    }

    /// <summary>What must hold of every commit.</summary>
    private void Check(TestRun? before, TestRun run)
    {
        var name = world.NameOf(run.CorrelationId);
        if (before is null || before.CurrentState != run.CurrentState)
            world.Trace($"{name} is {run.CurrentState} {run.Attempt} on {run.WorkerId}: {run.Reason}");
        if (before?.EndedAt is not null && (before.CurrentState != run.CurrentState || before.Attempt != run.Attempt))
            throw new SafetyException($"{name} had ended as {before.CurrentState} and becomes {run.CurrentState}");
        if (run.Sequence < (before?.Sequence ?? 0) || run.Attempt < (before?.Attempt ?? 0))
            throw new SafetyException($"{name} goes back in its sequence or attempts");
        if (run.HoldsWorker != world.Store.Reservations.ContainsKey(run.CorrelationId))
            throw new SafetyException($"{name} is {run.CurrentState} and holds {(run.HoldsWorker ? "no" : "a")} reservation");
        if (run.EndedAt is not null && world.Executions.All.Exists(e => e.Run.RunId == run.CorrelationId && !e.HasEnded))
            throw new SafetyException($"{name} ends as {run.CurrentState} while it is executed");
    }
}
