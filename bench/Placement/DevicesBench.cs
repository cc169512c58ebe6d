using LoadBalancer.Cli.Simulation;
using LoadBalancer.Contracts;

namespace LoadBalancer.PlacementBench;

/// <summary>
/// 400 runs at once of the 26 measured job types on 8 K80, 6 P100 and 4 V100, each needing one device. Which device suits a job differs
/// from job to job by a factor of up to ten, so who is blind to classes loses much. A job type is a test; its number of steps is drawn so
/// that it takes 1 to 30 minutes on a V100, and each run varies by 20 %. Every job runs on every class: a slow one is only slow.
/// Known: 800 earlier runs, each on one class drawn at random; or nothing.
/// </summary>
internal static class DevicesBench
{
    private const int Runs = 400;
    private const int EarlierRuns = 800;
    private const double ShortestSeconds = 60;
    private const double LongestSeconds = 1800;
    private const double RunSigma = 0.2;

    public static object Run(string policy, IReadOnlyList<int> seeds)
    {
        var bySeed = seeds.Select(seed => Measure(policy, seed)).ToList();
        return new
        {
            Bench = "devices",
            Policy = policy,
            Seeds = seeds.Count,
            AfterHistoryByBound = Figure.Of([.. bySeed.Select(measured => measured.Known)], goalOfMean: 1.12),
            ColdByBound = Figure.Of([.. bySeed.Select(measured => measured.Cold)], goalOfMean: 1.5),
            ClassBlindByBound = Figure.Of([.. bySeed.Select(measured => measured.Blind)]),
        };
    }

    private static (double Known, double Cold, double Blind) Measure(string policy, int seed)
    {
        var random = new Random(seed);
        var jobs = JobType.All.Select(job => job.WithSteps(random.LogUniform(ShortestSeconds, LongestSeconds))).ToList();
        var history = Enumerable.Range(0, EarlierRuns).Select(i => Earlier(i, Any(jobs, random), random)).ToList();
        var cold = new Scenario
        {
            Trace = [.. Enumerable.Range(0, Runs).Select(i => Submitted(i, Any(jobs, random), random))],
            Fleet = Fleets.Devices,
            Seed = seed,
        };
        var coldly = Summarizing.Of(Workloads.Simulate(cold, policy), timing: false);
        var knowingly = Summarizing.Of(Workloads.Simulate(cold with { History = history }, policy), timing: false);
        var workers = Fleets.Devices.SelectMany(kind => Enumerable.Repeat(kind, kind.Count)).ToList();
        return (knowingly.Ratio!.Value, coldly.Ratio!.Value, Baselines.PullQueue(cold.Trace, workers).Max() / coldly.LowerBoundSeconds);
    }

    private static JobType Any(List<JobType> jobs, Random random) => jobs[random.Next(jobs.Count)];

    private static TracedRun Earlier(int index, JobType job, Random random)
    {
        var (workerClass, seconds) = job.Seconds.ElementAt(random.Next(job.Seconds.Count));
        return Line(index, job, Workloads.On(workerClass, seconds * random.Noise(RunSigma)));
    }

    private static TracedRun Submitted(int index, JobType job, Random random)
    {
        var noise = random.Noise(RunSigma);
        return Line(index, job, new ActualTimes(job.Seconds.ToDictionary(time => time.Key, time => time.Value * noise), Passes: true));
    }

    private static TracedRun Line(int index, JobType job, ActualTimes actual) => new()
    {
        Index = index,
        At = TimeSpan.Zero,
        Test = Workloads.Test(job.Name) with
        {
            ModelId = job.Name,
            Requirements = new TestRequirements
            {
                RequiredBackend = "cuda",
                RequiredAccelerators = new Dictionary<string, double> { ["cuda"] = 1 },
            },
        },
        Actual = actual,
    };
}
