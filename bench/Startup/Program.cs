using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Scale;

// How long the scheduler takes from the start of its process until it says that it is ready, with much in its database.
const double GoalSeconds = 10;
const int Starts = 3;

var (broker, database) = (new Uri(Setting("Broker__Url")), Setting("Database__ConnectionString"));
var settings = new Dictionary<string, string> { ["Logging__LogLevel__Default"] = "Warning", ["Scheduler__LeaseDuration"] = "01:00:00" };
await using (var first = await SchedulerProcess.StartAsync(broker, database, settings))
{
    // It makes the schema.
    await first.WaitUntilReadyAsync();
    await first.StopAsync();
}

var stored = new StoredRuns(Ended: 1_000_000, Waiting: 100_000, Running: 10_000);
await stored.FillAsync(database);
var seconds = new List<double>();
for (var start = 0; start < Starts; start++)
{
    var began = Stopwatch.GetTimestamp();
    await using var scheduler = await SchedulerProcess.StartAsync(broker, database, settings);
    await scheduler.WaitUntilReadyAsync();
    seconds.Add(Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 2));
    await scheduler.StopAsync();
}

Console.WriteLine(JsonSerializer.Serialize(
    new
    {
        Machine = $"{Environment.ProcessorCount} processors, {RuntimeInformation.OSDescription}",
        stored.Ended,
        stored.Waiting,
        stored.Running,
        SecondsUntilReady = seconds,
        GoalSeconds,
        GoalMet = seconds.Max() <= GoalSeconds,
    },
    new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true }));
return 0;

static string Setting(string name) =>
    Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"{name} is not set");
