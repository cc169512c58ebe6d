using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using LoadBalancer.DispatchLatency;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Processes;

// How fast freed capacity gets its next run, and an accepted new worker its first. The goal is stated for a local broker; the ratio to
// one plain message on the same broker in the same run says what is left when the machine is slower.
const double GoalMilliseconds = 100;
const int Samples = 300;
const int NewWorkers = 50;

var broker = new Uri(Setting("Broker__Url"));
var settings = new Dictionary<string, string> { ["Logging__LogLevel__Default"] = "Warning" };
await using var scheduler = await SchedulerProcess.StartAsync(broker, Setting("Database__ConnectionString"), settings);
await scheduler.WaitUntilReadyAsync();
await using var busy = await ScriptedWorker.ConnectAsync(broker, "busy");
await busy.RegisterAsync();

var measurements = new Measurements(broker, scheduler, TimeProvider.System);
var baseline = await measurements.BaselineAsync(Samples);
var freed = await measurements.FreedCapacityAsync(busy, Samples);
// The first worker keeps its last run, so that what waits now goes to the new ones.
var accepted = await measurements.NewWorkerAsync(NewWorkers);

var report = new
{
    Machine = $"{Environment.ProcessorCount} processors, {RuntimeInformation.OSDescription}",
    Unit = "ms",
    GoalP95 = GoalMilliseconds,
    Baseline = baseline,
    FreedCapacity = Against(freed),
    NewWorker = Against(accepted),
};
if (args.Contains("--json"))
{
    Console.WriteLine(JsonSerializer.Serialize(report, new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true }));
}
else
{
    Console.WriteLine($"{report.Machine}; milliseconds; goal: {GoalMilliseconds} at p95");
    Print("one plain confirmed message", baseline);
    Print("freed capacity to its next run", freed);
    Print("accepted worker to its first run", accepted);
}

return 0;

static string Setting(string name) =>
    Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"{name} is not set");

object Against(Percentiles measured) => new
{
    measured.Samples,
    measured.P50,
    measured.P95,
    measured.Max,
    RatioP50 = Math.Round(measured.P50 / baseline.P50, 1),
    RatioP95 = Math.Round(measured.P95 / baseline.P95, 1),
    GoalMet = measured.P95 <= GoalMilliseconds,
};

void Print(string what, Percentiles measured) => Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"{what,-34} p50 {measured.P50,8:0.00} ({measured.P50 / baseline.P50:0.0}x)   p95 {measured.P95,8:0.00} ({measured.P95 / baseline.P95:0.0}x)   {measured.Samples} samples"));
