using CsCheck;

namespace LoadBalancer.Placement.Tests;

/// <summary>Random small fleets and demands in which workers, keys, devices and requirements meet often.</summary>
internal static class StepGen
{
    private static readonly string[] WorkerIds = ["w0", "w1", "w2", "w3", "w4"];
    private static readonly string[] KeyNames = ["k0", "k1", "k2"];

    private static readonly Gen<Guid> RunId = Gen.Int[0, 40].Select(number => new Guid(number, 0, 0, new byte[8]));

    private static readonly Gen<string> WorkerId = Gen.OneOf(WorkerIds);

    private static readonly Gen<IReadOnlyList<string>> Keys =
        Gen.Frequency((6, Gen.Const<string[]>([])), (3, Gen.OneOf(KeyNames).Array[1, 2])).Select(IReadOnlyList<string> (keys) => keys);

    private static readonly Gen<double> Amount = Gen.OneOf(0.0, 0.1, 0.25, 1.0 / 3, 0.5, 0.7, 1.0, 2.0, 3.0);

    private static readonly Gen<Requirements> Accelerated = Gen.Select(
        Amount,
        Amount,
        Gen.OneOf(0.0, 4.0, 8.0, 16.0),
        Gen.OneOf<IReadOnlyList<string>>([], ["A"], ["A", "B"]),
        (cuda, npu, memory, models) => new Requirements
        {
            Accelerators = new Dictionary<string, double> { ["cuda"] = cuda, ["npu"] = npu > 1 ? 0 : npu },
            AcceleratorMemoryGb = memory,
            AcceleratorModels = models,
        });

    private static readonly Gen<Requirements> Unlike = Gen.Select(
        Gen.Frequency((2, Gen.Const(new Requirements())), (1, Accelerated)),
        Gen.OneOf(0.5, 0.1, 1.0, 4.0, 8.0),
        Gen.OneOf(0.0, 0.1, 1.0, 2.0, 4.0),
        Gen.OneOf(0.0, 0.0, 10.0),
        Gen.OneOf("", "backend", "preferred", "browser", "software", "label", "", "", ""),
        (requirements, memory, cores, disk, special) => requirements with
        {
            MemoryGb = memory,
            CpuCores = cores,
            DiskGb = disk,
            RequiredBackend = special == "backend" ? "cuda" : null,
            PreferredBackend = special == "preferred" ? "cuda" : null,
            Browsers = special == "browser" ? ["chrome"] : [],
            Software = special == "software" ? new Dictionary<string, string> { ["python"] = ">=3" } : new Dictionary<string, string>(),
            Labels = special == "label" ? new Dictionary<string, string> { ["zone"] = "a" } : new Dictionary<string, string>(),
        });

    /// <summary>Half of the runs are alike: what is true of a run must not be taken to be true of all that ask for the same.</summary>
    private static readonly Gen<Requirements> Requirements = Gen.Frequency((1, Gen.Const(new Requirements())), (1, Unlike));

    private static readonly Gen<TestDemand> Demand = Gen.Select(
        Gen.Select(RunId, Gen.Int[1, 2], Gen.Int[1, 5], Gen.Int[0, 5]),
        Gen.Select(Requirements, Keys, Gen.Frequency((4, Gen.Const<string[]>([])), (1, WorkerId.Array[1, 2]))),
        Gen.Frequency((5, Gen.Int[0, 0].Select(int? (_) => null)), (1, Gen.Int[0, 20].Select(int? (seconds) => seconds))),
        Gen.OneOf("", "turns", "broken"),
        (identity, needs, delay, testType) => new TestDemand
        {
            RunId = identity.Item1,
            Attempt = identity.Item2,
            TestId = $"test-{identity.Item1:N}",
            TestType = testType,
            Priority = identity.Item3,
            SubmittedAt = Given.Noon.AddSeconds(identity.Item4),
            Requirements = needs.Item1,
            ConcurrencyKeys = needs.Item2,
            AvoidWorkers = needs.Item3,
            NotBefore = delay is { } seconds ? Given.Noon.AddSeconds(seconds) : null,
        });

    /// <summary>Unlike in length and origin, and submitted further apart than what may be overtaken.</summary>
    private static readonly Gen<TestDemand> UnlikeDemand = Gen.Select(
        Demand, Gen.OneOf("ann", "bob", "cy"), Gen.OneOf<double?>(null, null, 0.5, 5, 60), Gen.Int[0, 20],
        (demand, submitter, expected, submittedAfter) => demand with
        {
            Submitter = submitter,
            ExpectedDuration = expected is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            SubmittedAt = Given.Noon.AddSeconds(submittedAfter),
        });

    private static readonly Gen<RunOutcome> Outcome = Gen.Select(
        RunId, WorkerId, Gen.OneOf("slow", "fast"), Gen.OneOf(0.3, 3.0, 30.0, 300.0), Gen.Frequency((4, Gen.Const(RunVerdict.Passed)), (3, Gen.Enum<RunVerdict>())),
        (run, worker, workerClass, seconds, verdict) => new RunOutcome
        {
            TestId = $"test-{run:N}",
            WorkerId = worker,
            WorkerClass = workerClass,
            Duration = TimeSpan.FromSeconds(workerClass == "fast" ? seconds / 4 : seconds),
            Verdict = verdict,
        });

    /// <summary>Tests that pass on all other workers fail on one, often enough for it to be noticed.</summary>
    private static readonly Gen<Step> FailingWorker = WorkerId.Select(Step (failing) => new Step.Learn(
        [.. from test in Enumerable.Range(0, 12)
            from worker in WorkerIds.OrderBy(worker => worker == failing)
            select new RunOutcome
            {
                TestId = $"failing-{test}",
                WorkerId = worker,
                Duration = TimeSpan.FromSeconds(3),
                Verdict = worker == failing ? RunVerdict.Failed : RunVerdict.Passed,
            }]));

    private static readonly Gen<Device> Device = Gen.Select(
        Gen.OneOf("cuda", "cuda", "npu"), Gen.Int[0, 3], Gen.OneOf("A", "B", "C"), Gen.OneOf(8.0, 16.0, 40.0),
        (type, id, model, memory) => new Device(type, $"{type}-{id}", model, memory));

    private static readonly Gen<WorkerProfile> Worker = Gen.Select(
        Gen.Select(WorkerId, Gen.Int[0, 4], Gen.Bool, Gen.OneOf("slow", "fast")),
        Gen.Select(Gen.OneOf(2.0, 4.0, 16.0), Gen.OneOf(1.0, 2.0, 8.0), Gen.OneOf(5.0, 25.0)),
        Device.Array[0, 4],
        Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool),
        Gen.Int[0, 9],
        (identity, amounts, devices, special, drained) => new WorkerProfile
        {
            WorkerId = identity.Item1,
            Slots = identity.Item2,
            Class = identity.Item4,
            MemoryGb = amounts.Item1,
            CpuCores = amounts.Item2,
            DiskGb = amounts.Item3,
            Backends = identity.Item3 ? ["cpu", "cuda"] : ["cpu"],
            Devices = [.. devices.DistinctBy(device => device.Id)],
            Browsers = special.Item1 ? ["chrome"] : [],
            Software = new Dictionary<string, string> { ["python"] = special.Item2 ? "3.11.2" : "2.7" },
            Labels = special.Item3 ? new Dictionary<string, string> { ["zone"] = "a" } : new Dictionary<string, string>(),
            Accepting = drained != 0,
        });

    private static readonly Gen<Reservation> Reservation = Gen.Select(
        RunId, WorkerId, Gen.OneOf(0.5, 2.0), Keys, Gen.Select(Device, Gen.OneOf(0.25, 0.5, 1.0)).Array[0, 1],
        (run, worker, memory, keys, devices) => new Reservation
        {
            RunId = run,
            Attempt = 3,
            WorkerId = worker,
            MemoryGb = memory,
            CpuCores = 0.5,
            Devices = [.. devices.Select(entry => new DeviceShare(entry.Item1.Type, entry.Item1.Id, entry.Item2, 0))],
            Keys = [.. keys.Distinct()],
        });

    private static readonly Gen<Step> Step = AnyStep(Demand);

    private static readonly Gen<Step> UnlikeStep = Gen.Frequency(
        (40, AnyStep(UnlikeDemand)),
        (1, FailingWorker),
        (10, Outcome.Select(Step (outcome) => new Step.Learn(outcome))),
        (10, Gen.Int[0, 20].Select(Step (position) => new Step.Start(position))));

    /// <summary>A fleet to begin with, then anything, and a plan at the end. All runs are taken to be of one length and of one submitter.</summary>
    public static Gen<Step[]> Steps { get; } = Sequence(Step);

    /// <summary>As <see cref="Steps"/>, with lengths that are expected or learned, workers that fail, and several submitters.</summary>
    public static Gen<Step[]> UnlikeSteps { get; } = Gen.Select(
        Gen.Select(Gen.OneOf("ann", "bob", "cy"), Gen.OneOf(0.5, 3.0), (submitter, weight) => (Step)new Step.Share(submitter, weight)).Array[0, 2],
        Sequence(UnlikeStep),
        Step[] (shares, steps) => [.. shares, .. steps]);

    private static Gen<Step[]> Sequence(Gen<Step> step) => Gen.Select(
        Worker.Array[1, 5],
        step.Array[1, 60],
        Step[] (workers, steps) =>
            [.. workers.Select(worker => new Step.Register(worker)), .. steps, new Step.MakePlan(1000, TimeSpan.FromSeconds(20))]);

    private static Gen<Step> AnyStep(Gen<TestDemand> demands) => Gen.Frequency<Step>(
        (12, demands.Select(demand => new Step.Submit(demand))),
        (1, Gen.Int[0, 20].Select(position => new Step.Withdraw(position))),
        (4, Worker.Select(worker => new Step.Register(worker))),
        (1, WorkerId.Select(id => new Step.Forget(id))),
        (1, Gen.Select(Gen.OneOf(KeyNames), Gen.Int[0, 3], (key, limit) => new Step.LimitKey(key, limit))),
        (1, Reservation.Select(reservation => new Step.Restore(reservation))),
        (5, Gen.Int[0, 20].Select(position => new Step.Release(position))),
        (1, Gen.Int[0, 20].Select(position => new Step.TakeBack(position))),
        (5, Gen.Select(Gen.OneOf(1, 3, 1000), Gen.Int[0, 5], (most, later) => new Step.MakePlan(most, TimeSpan.FromSeconds(later)))));
}
