namespace LoadBalancer.Placement.Tests;

/// <summary>Workers, demands and planners with sensible defaults; a test names only what it is about.</summary>
internal static class Given
{
    public static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static Planner Planner(PolicySet? policies = null, DurationModel? durations = null, int seed = 1) =>
        new(policies ?? new PolicySet(), durations ?? new DurationModel(), new Random(seed));

    public static Planner RoundRobinPlanner() => Planner(new PolicySet(defaultPolicy: PolicyNames.RoundRobin));

    public static WorkerProfile Worker(
        string id, int slots = 1, double memoryGb = 16, double cores = 8, string workerClass = "", params Device[] devices) => new()
        {
            WorkerId = id,
            Class = workerClass,
            Slots = slots,
            MemoryGb = memoryGb,
            CpuCores = cores,
            DiskGb = 100,
            Backends = devices.Length == 0 ? ["cpu"] : ["cpu", .. devices.Select(device => device.Type).Distinct()],
            Devices = devices,
        };

    public static Device Cuda(string id, double memoryGb = 16, string model = "V100") => new("cuda", id, model, memoryGb);

    public static TestDemand Demand(
        Requirements? requirements = null,
        int priority = 3,
        TimeSpan submittedAfter = default,
        string testId = "test",
        params string[] keys) => new()
        {
            RunId = Guid.NewGuid(),
            Attempt = 1,
            TestId = testId,
            Priority = priority,
            SubmittedAt = Noon + submittedAfter,
            Requirements = requirements ?? new Requirements(),
            ConcurrencyKeys = keys,
        };

    public static Requirements Accelerators(double amount, double memoryGb = 0, params string[] models) => new()
    {
        Accelerators = new Dictionary<string, double> { ["cuda"] = amount },
        AcceleratorMemoryGb = memoryGb,
        AcceleratorModels = models,
    };

    public static Reservation Reservation(
        string workerId, double memoryGb = 1, int attempt = 1, Guid? runId = null, params string[] keys) => new()
        {
            RunId = runId ?? Guid.NewGuid(),
            Attempt = attempt,
            WorkerId = workerId,
            MemoryGb = memoryGb,
            CpuCores = 1,
            Keys = keys,
        };

    public static RunOutcome Passed(
        double seconds, string testId = "test", string workerClass = "", string model = "", string type = "") => new()
        {
            TestId = testId,
            TestType = type,
            ModelId = model,
            WorkerClass = workerClass,
            Duration = TimeSpan.FromSeconds(seconds),
            Verdict = RunVerdict.Passed,
        };

    /// <summary>Places all it can and returns the workers in the order of decisions.</summary>
    public static IReadOnlyList<string> PlaceAll(this Planner planner, int maxDecisions = int.MaxValue) =>
        [.. planner.Plan(Noon, maxDecisions).Decisions.Select(decision => decision.WorkerId)];

    public static void Register(this Planner planner, params WorkerProfile[] workers)
    {
        foreach (var worker in workers)
            planner.Register(worker);
    }

    public static TestDemand Submitted(this Planner planner, TestDemand demand)
    {
        planner.Submit(demand);
        return demand;
    }
}
