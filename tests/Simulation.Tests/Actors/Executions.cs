using LoadBalancer.Contracts;
using LoadBalancer.Simulation.Tests.Engine;

namespace LoadBalancer.Simulation.Tests.Actors;

/// <summary>A test's process on a machine, whatever anybody knows of it.</summary>
internal sealed class Execution(RunTest run, WorkerMachine machine)
{
    public RunTest Run => run;

    public RunAttempt Attempt { get; } = new(run.RunId, run.Attempt);

    public WorkerMachine Machine => machine;

    public bool HasEnded { get; set; }

    /// <summary>How it ended by itself; null when it was killed.</summary>
    public TestOutcome? Outcome { get; set; }
}

/// <summary>What really runs, and the rules that no moment may break.</summary>
internal sealed class Executions(World world)
{
    private readonly List<Execution> alive = [];

    public List<Execution> All { get; } = [];

    public IEnumerable<Execution> On(WorkerMachine machine) => alive.Where(execution => execution.Machine == machine);

    public Execution Begin(RunTest run, WorkerMachine machine)
    {
        var execution = new Execution(run, machine);
        world.Trace($"{machine.Name} executes {world.NameOf(run.RunId)}/{run.Attempt}");
        if (alive.Find(other => other.Run.RunId == run.RunId) is { } twice)
            throw new SafetyException($"{world.NameOf(run.RunId)} runs twice at once: attempt {twice.Run.Attempt} on {twice.Machine.Name}, attempt {run.Attempt} on {machine.Name}");
        if (All.Find(other => other.Attempt == execution.Attempt) is not null)
            throw new SafetyException($"attempt {run.Attempt} of {world.NameOf(run.RunId)} is executed a second time");
        alive.Add(execution);
        All.Add(execution);
        CheckKeys(run);
        CheckCapacity(machine);
        CheckDemands(run, machine);
        return execution;
    }

    public void End(Execution execution, TestOutcome? outcome)
    {
        if (execution.HasEnded)
            return;

        world.Trace($"{world.NameOf(execution.Run.RunId)}/{execution.Run.Attempt} {(outcome is null ? "is killed" : $"ends as {outcome}")}");
        (execution.HasEnded, execution.Outcome) = (true, outcome);
        alive.Remove(execution);
    }

    private void CheckKeys(RunTest run)
    {
        foreach (var key in world.Submissions[run.RunId].ConcurrencyKeys)
        {
            if (alive.Count(execution => world.Submissions[execution.Run.RunId].ConcurrencyKeys.Contains(key)) > 1)
                throw new SafetyException($"key {key} is used twice at once");
        }
    }

    private void CheckCapacity(WorkerMachine machine)
    {
        var here = On(machine).Select(execution => execution.Run).ToList();
        if (here.Count > machine.Slots)
            throw new SafetyException($"{machine.Name} runs {here.Count} tests in {machine.Slots} slots");
        if (here.Sum(run => run.MemoryGb) > machine.Capabilities.MemoryGb || here.Sum(run => run.CpuCores) > machine.Capabilities.CpuCores)
            throw new SafetyException($"{machine.Name} runs more than its memory or cores");
        if (here.SelectMany(run => run.Devices).GroupBy(device => device.Id).Any(device => device.Sum(d => d.Share) > 1.0001))
            throw new SafetyException($"{machine.Name} shares a device among more than it is");
    }

    private void CheckDemands(RunTest run, WorkerMachine machine)
    {
        var needs = world.Submissions[run.RunId].Requirements;
        if (needs.Labels.Any(label => machine.Capabilities.Labels.GetValueOrDefault(label.Key) != label.Value) ||
            needs.RequiredAccelerators.Any(device => run.Devices.Sum(d => d.Share) < device.Value))
            throw new SafetyException($"{world.NameOf(run.RunId)} runs on {machine.Name}, which is not what it needs");
    }
}
