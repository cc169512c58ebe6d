using System.Globalization;
using System.Text.Json.Nodes;
using LoadBalancer.Chaos.Judging;

namespace LoadBalancer.Chaos.Load;

/// <summary>One test to submit.</summary>
/// <param name="At">From the start of the faults.</param>
/// <param name="Asked">What the judge must know of it.</param>
/// <param name="Body">What is sent.</param>
/// <param name="Twice">Submitted a second time on purpose.</param>
internal sealed record PlannedTest(TimeSpan At, AskedTest Asked, JsonObject Body, bool Twice)
{
    /// <summary>By HTTP, not by the queue.</summary>
    public bool ByApi { get; init; }
}

/// <summary>The tests, unlike in all that matters to placement: the same for the same seed.</summary>
internal sealed class TestPlan(int seed, string script, string journal)
{
    public const string Suite = "chaos";

    private const int ShortestInterval = 300, LongestInterval = 1300;
    private const double ShareOfDevice = 0.5;
    private const double Shortest = 0.2, LongestUsual = 8, Longest = 35;

    private static readonly string[] Stubborn = ["ignore-term"];

    private readonly Random random = new(seed);

    public IReadOnlyList<PlannedTest> Over(TimeSpan duration)
    {
        var tests = new List<PlannedTest>();
        for (var at = TimeSpan.Zero; at < duration; at += TimeSpan.FromMilliseconds(random.Next(ShortestInterval, LongestInterval)))
            tests.Add(Next(at, tests.Count));
        return tests;
    }

    private PlannedTest Next(TimeSpan at, int number)
    {
        var asked = new AskedTest(NewId(), NextEnding());
        asked = random.Next(100) switch
        {
            < 22 => asked with { Keys = NextKeys() },
            < 34 => asked with { Devices = Cuda(ShareOfDevice) },
            < 42 => asked with { Devices = Cuda(1) },
            < 45 => asked with { Devices = Cuda(2) },
            < 48 => asked with { Devices = Cuda(1), Keys = NextKeys() },
            < 58 => asked with { Labels = new Dictionary<string, string> { ["site"] = random.Next(2) == 0 ? "north" : "south" } },
            _ => asked,
        };
        return new PlannedTest(at, asked, Body(asked, number), Twice: random.Next(100) < 10) { ByApi = number % 5 == 4 };
    }

    private JsonObject Body(AskedTest asked, int number)
    {
        var seconds = asked.Ending == Ending.TimesOut ? LongestUsual : NextSeconds();
        string[] words =
        [
            script, journal, Text(Math.Round(seconds * 10)), asked.Ending == Ending.Fails ? "1" : "0",
            asked.Keys.Count == 0 ? "-" : string.Join(',', asked.Keys), .. random.Next(100) < 6 ? Stubborn : [],
        ];
        var body = new JsonObject
        {
            ["runId"] = asked.RunId,
            ["testId"] = string.Create(CultureInfo.InvariantCulture, $"chaos-{number % 25}"),
            ["suite"] = Suite,
            ["command"] = new JsonObject { ["executable"] = "/bin/sh", ["arguments"] = Array(words) },
            ["concurrencyKeys"] = Array(asked.Keys),
            ["requirements"] = new JsonObject
            {
                ["minimumMemoryGb"] = 0.01,
                ["cpuCores"] = 0.1,
                ["requiredAccelerators"] = Object(asked.Devices.Select(entry => (entry.Key, (JsonNode)entry.Value))),
                ["labels"] = Object(asked.Labels.Select(entry => (entry.Key, (JsonNode)entry.Value))),
            },
        };
        if (asked.Ending == Ending.Fails)
            body["retries"] = random.Next(3);
        if (asked.Ending == Ending.TimesOut)
            body["timeoutSeconds"] = 2;
        return body;
    }

    /// <summary>Mostly short. A few outlive the lease of a worker that is frozen under them.</summary>
    private double NextSeconds()
    {
        var point = random.NextDouble();
        return random.Next(100) < 4
            ? LongestUsual + (point * (Longest - LongestUsual))
            : Shortest + (point * point * (LongestUsual - Shortest));
    }

    private Ending NextEnding() => random.Next(100) switch
    {
        < 8 => Ending.Fails,
        < 11 => Ending.TimesOut,
        _ => Ending.Passes,
    };

    private string[] NextKeys() => random.Next(4) switch
    {
        0 => ["licence"],
        1 => ["bench"],
        2 => ["bench", "licence"],
        _ => ["rack"],
    };

    private static Dictionary<string, double> Cuda(double amount) => new() { ["cuda"] = amount };

    private Guid NewId()
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private static JsonArray Array(IEnumerable<string> words) => new([.. words.Select(word => (JsonNode)word)]);

    private static JsonObject Object(IEnumerable<(string Name, JsonNode Value)> members) =>
        new(members.Select(member => KeyValuePair.Create(member.Name, (JsonNode?)member.Value)));

    private static string Text(double number) => number.ToString("0", CultureInfo.InvariantCulture);
}
