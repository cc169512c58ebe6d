using LoadBalancer.Placement;

namespace LoadBalancer.PlacementBench;

/// <summary>
/// A planner that always has as much waiting: a run ends, is released and learned from, a new one is submitted, and one step plans. Workers
/// have one slot, half of them a device, in four classes; tests are of four shapes, of which two need the device.
/// </summary>
internal sealed class SteadyState
{
    private const int Tests = 500;
    private const int Classes = 4;
    private const int DecisionsPerPass = 256;

    private static readonly Requirements[] Shapes =
    [
        new(),
        new() { CpuCores = 2, MemoryGb = 4, Software = new Dictionary<string, string> { ["python"] = ">=3.10" } },
        new() { RequiredBackend = "cuda", Accelerators = new Dictionary<string, double> { ["cuda"] = 1 } },
        new() { RequiredBackend = "cuda", Accelerators = new Dictionary<string, double> { ["cuda"] = 0.5 }, AcceleratorMemoryGb = 4 },
    ];

    private readonly DurationModel durations = new();
    private readonly Planner planner;
    private readonly PriorityQueue<(Decision Decision, TestDemand Demand), DateTimeOffset> running = new();
    private readonly Dictionary<Guid, TestDemand> demands = [];
    private readonly Dictionary<string, string> classes = [];
    private readonly Random random = new(1);
    private readonly TimeProvider time;
    private DateTimeOffset now = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private int submitted;

    public SteadyState(string policy, int workers, int waiting, TimeProvider time)
    {
        this.time = time;
        planner = new Planner(new PolicySet(defaultPolicy: policy), durations, new Random(1));
        for (var i = 0; i < workers; i++) Register(i);
        for (var test = 0; test < Tests; test++) durations.Learn(Outcome(NewDemand(test), $"class-{random.Next(Classes)}", Seconds(test)));
        for (var i = 0; i < workers + waiting; i++) Submit(NewDemand(random.Next(Tests)));
        while (Take(planner.Plan(now, DecisionsPerPass)) > 0)
        {
        }
    }

    /// <summary>Steps until so much time has passed, and at least a few.</summary>
    /// <returns>Decisions taken, the wall time of each step, and what planning took of all of them.</returns>
    public (int Decisions, IReadOnlyList<TimeSpan> Steps, TimeSpan Planning) Run(TimeSpan limit)
    {
        const int LeastSteps = 100;
        var steps = new List<TimeSpan>();
        var planning = TimeSpan.Zero;
        var decisions = 0;
        var began = time.GetTimestamp();
        while (steps.Count < LeastSteps || time.GetElapsedTime(began) < limit)
        {
            var next = NewDemand(random.Next(Tests));
            running.TryDequeue(out var ended, out now);
            var outcome = Outcome(ended.Demand, classes[ended.Decision.WorkerId], SecondsOn(ended));
            var started = time.GetTimestamp();
            planner.Release(ended.Decision.RunId, ended.Decision.Attempt);
            durations.Learn(outcome);
            planner.Submit(next);
            var planned = time.GetTimestamp();
            var plan = planner.Plan(now, DecisionsPerPass);
            var ready = time.GetTimestamp();
            steps.Add(time.GetElapsedTime(started, ready));
            planning += time.GetElapsedTime(planned, ready);
            demands[next.RunId] = next;
            decisions += Take(plan);
        }

        return (decisions, steps, planning);
    }

    private void Register(int number)
    {
        var workerId = $"worker-{number}";
        classes[workerId] = $"class-{number % Classes}";
        var hasDevice = number % 2 == 0;
        planner.Register(new WorkerProfile
        {
            WorkerId = workerId,
            Class = classes[workerId],
            Slots = 1,
            MemoryGb = 64,
            CpuCores = 8,
            Backends = hasDevice ? ["cpu", "cuda"] : ["cpu"],
            Devices = hasDevice ? [new Device("cuda", "0", "V100", 16)] : [],
            Software = new Dictionary<string, string> { ["python"] = "3.11.2" },
        });
    }

    private void Submit(TestDemand demand)
    {
        demands[demand.RunId] = demand;
        planner.Submit(demand);
    }

    private int Take(Plan plan)
    {
        foreach (var decision in plan.Decisions)
        {
            demands.Remove(decision.RunId, out var demand);
            var placed = (decision, demand!);
            running.Enqueue(placed, now + TimeSpan.FromSeconds(SecondsOn(placed)));
        }

        return plan.Decisions.Count;
    }

    private TestDemand NewDemand(int test) => new()
    {
        RunId = new Guid(++submitted, 0, 0, new byte[8]),
        Attempt = 1,
        TestId = $"test-{test}",
        Submitter = $"team-{submitted % 5}",
        SubmittedAt = now,
        Requirements = Shapes[test % Shapes.Length],
    };

    /// <summary>At the speed of the first class; always the same for a test.</summary>
    private static double Seconds(int test) => BurstBench.Length(new Random(test));

    private double SecondsOn((Decision Decision, TestDemand Demand) placed) =>
        Seconds(int.Parse(placed.Demand.TestId.AsSpan("test-".Length))) / (1 + (classes[placed.Decision.WorkerId][^1] - '0'));

    private static RunOutcome Outcome(TestDemand demand, string workerClass, double seconds) => new()
    {
        TestId = demand.TestId,
        WorkerClass = workerClass,
        Duration = TimeSpan.FromSeconds(seconds),
        Verdict = RunVerdict.Passed,
    };
}
