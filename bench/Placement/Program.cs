using System.Text.Json;
using LoadBalancer.Placement;
using LoadBalancer.PlacementBench;

// usage: PlacementBench burst|devices|arrivals|planning [--policy NAME] [--seeds N]
// Prints what was measured as JSON, each figure with the goal it is held against.
const int Seeds = 20;

var policy = Option("--policy") ?? PolicyNames.Adaptive;
var seeds = Enumerable.Range(1, Option("--seeds") is { } given ? int.Parse(given) : Seeds).ToList();
object report = args.FirstOrDefault() switch
{
    "burst" => BurstBench.Run(policy, seeds),
    "devices" => DevicesBench.Run(policy, seeds),
    "arrivals" => ArrivalsBench.Run(policy, seeds),
    "planning" => PlanningBench.Run(policy, TimeProvider.System),
    _ => throw new ArgumentException("usage: burst|devices|arrivals|planning [--policy NAME] [--seeds N]"),
};
Console.WriteLine(JsonSerializer.Serialize(report, new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true }));

string? Option(string name) => args.SkipWhile(arg => arg != name).Skip(1).FirstOrDefault();
