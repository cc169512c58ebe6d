using System.Text.Json;
using System.Text.Json.Nodes;
using LoadBalancer.Placement;

namespace LoadBalancer.Cli.Tests;

public sealed class SimulateVerbTests : IDisposable
{
    private const string Worker = """{"workerId": "w", "count": 2, "class": "c", "capabilities": {"cpuCores": 4, "memoryGb": 16}}""";
    private const string Run = """{"at": 0, "test": {"testId": "a"}, "actual": {"seconds": {"*": 10}}}""";

    private readonly TemporaryDirectory directory = new();
    private readonly Lb lb = new();

    public void Dispose()
    {
        directory.Dispose();
        lb.Dispose();
    }

    [Fact]
    public async Task The_summary_has_every_figure_by_its_name()
    {
        Assert.Equal(ExitCode.Passed, await Simulate([Run, Run, Run], [Worker], "--json"));

        var summary = JsonNode.Parse(lb.Out)!.AsObject();
        Assert.Equal(
            [
                "policy", "runs", "completed", "failed", "unschedulable", "makespanSeconds", "lowerBoundSeconds", "ratio", "meanCompletionSeconds",
                "p50WaitSeconds", "p95WaitSeconds", "p99WaitSeconds", "maxWaitSeconds", "utilisation", "jainFairness", "meanAbsoluteLogError",
                "coverage90", "decisions", "plannerMilliseconds", "decisionsPerSecond", "p99PlanMilliseconds",
            ],
            summary.Select(field => field.Key));
        Assert.All(summary.Where(field => field.Key != "policy"), field => Assert.Equal(JsonValueKind.Number, field.Value!.GetValueKind()));
        Assert.Equal("adaptive", (string?)summary["policy"]);
        Assert.Equal((3, 3, 0, 0), ((int)summary["runs"]!, (int)summary["completed"]!, (int)summary["failed"]!, (int)summary["unschedulable"]!));
        Assert.Equal((20.01, 15, 1.334), ((double)summary["makespanSeconds"]!, (double)summary["lowerBoundSeconds"]!, (double)summary["ratio"]!));
        Assert.Equal((13.34, 0.005, 10.01), ((double)summary["meanCompletionSeconds"]!, (double)summary["p50WaitSeconds"]!, (double)summary["maxWaitSeconds"]!));
        Assert.Equal((0.749625, 1, 3), ((double)summary["utilisation"]!, (double)summary["jainFairness"]!, (int)summary["decisions"]!));
    }

    [Fact]
    public async Task The_same_inputs_and_seed_give_the_same_bytes()
    {
        string[] runs = [.. Enumerable.Range(0, 50).Select(MixedRun)];
        var outputs = new List<(string Summary, string Schedule)>();
        foreach (var name in new[] { "one", "two" })
        {
            var schedule = directory.File(name);
            using var call = new Lb();
            await call.Run(["simulate", .. Files(runs, [Worker]), "--json", "--no-timing", "--seed", "7", "--schedule", schedule]);
            outputs.Add((call.Out, await File.ReadAllTextAsync(schedule, TestContext.Current.CancellationToken)));
        }

        Assert.Equal(outputs[0], outputs[1]);
        Assert.Equal([null, null, null], new[] { "plannerMilliseconds", "decisionsPerSecond", "p99PlanMilliseconds" }.Select(name => JsonNode.Parse(outputs[0].Summary)!.AsObject()[name]));
        Assert.All(["plannerMilliseconds", "decisionsPerSecond", "p99PlanMilliseconds"], name => Assert.Contains($"\"{name}\": null", outputs[0].Summary, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_schedule_has_a_line_for_each_attempt()
    {
        var schedule = directory.File("schedule.jsonl");

        await Simulate(
            ["""{"at": 12.5, "test": {"testId": "a", "requirements": {"requiredAccelerators": {"cuda": 0.5}}}, "actual": {"seconds": {"c": 41}}}"""],
            ["""{"workerId": "w", "class": "c", "capabilities": {"cpuCores": 4, "memoryGb": 16, "accelerators": [{"type": "cuda", "id": "0"}]}}"""],
            "--schedule", schedule);

        var line = JsonNode.Parse(Assert.Single(await File.ReadAllLinesAsync(schedule, TestContext.Current.CancellationToken)))!.AsObject();
        Assert.NotEmpty((string)line["reason"]!);
        line.Remove("reason");
        Assert.Equal(
            """{"runIndex":0,"testId":"a","attempt":1,"workerId":"w","devices":{"0":0.5},"start":12.505,"end":53.505,"outcome":"passed"}""",
            line.ToJsonString());
    }

    [Fact]
    public async Task All_policies_are_compared_in_one_list()
    {
        await Simulate([Run], [Worker], "--json", "--compare", "all");

        Assert.Equal(new PolicySet().Names, JsonNode.Parse(lb.Out)!.AsArray().Select(summary => (string)summary!["policy"]!));
    }

    [Fact]
    public async Task Some_policies_are_compared_in_a_table_in_the_order_asked_for()
    {
        await Simulate([Run], [Worker], "--compare", "round_robin,adaptive");

        var lines = lb.Out.TrimEnd().Split('\n');
        Assert.Equal(["POLICY", "round_robin", "adaptive"], lines.Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task A_policy_given_as_JSON_is_compared_with_others()
    {
        const string Composite = """{"type": "composite", "algorithms": [{"type": "adaptive", "weight": 0.7}, {"type": "affinity_based", "weight": 0.3}]}""";

        await Simulate([Run], [Worker], "--json", "--compare", $"round_robin,{Composite},adaptive");

        var compared = JsonNode.Parse(lb.Out)!.AsArray().Select(summary => (string)summary!["policy"]!).ToList();
        Assert.Equal(3, compared.Count);
        Assert.Equal(("round_robin", "adaptive"), (compared[0], compared[2]));
    }

    [Fact]
    public async Task What_was_learned_before_counts()
    {
        var history = directory.File("history.jsonl", """{"at": 0, "test": {"testId": "a"}, "actual": {"seconds": {"slow": 500, "fast": 5}}}""");
        string[] fleet = ["""{"workerId": "slow", "capabilities": {"cpuCores": 4, "memoryGb": 16}}""", """{"workerId": "fast", "capabilities": {"cpuCores": 4, "memoryGb": 16}}"""];

        await Simulate(["""{"at": 0, "test": {"testId": "a"}, "actual": {"seconds": {"slow": 500, "fast": 5}}}"""], fleet, "--json", "--history", history);

        var summary = JsonNode.Parse(lb.Out)!;
        Assert.Equal(5.005, (double)summary["makespanSeconds"]!);
        Assert.NotNull(summary["meanAbsoluteLogError"]);
    }

    [Theory]
    [InlineData("not json", "trace.jsonl:2: line: is not valid JSON")]
    [InlineData("[1]", "trace.jsonl:2: line: is a list; an object is expected")]
    [InlineData("", "trace.jsonl:2: line: is empty")]
    [InlineData("""{"test": {"testId": "a"}, "actual": {"seconds": {"*": 1}}}""", "trace.jsonl:2: at: is missing, and required")]
    [InlineData("""{"at": -1, "test": {"testId": "a"}, "actual": {"seconds": {"*": 1}}}""", "trace.jsonl:2: at: -1 is not from 0")]
    [InlineData("""{"at": "now", "test": {"testId": "a"}, "actual": {"seconds": {"*": 1}}}""", "trace.jsonl:2: at: \"now\" cannot be read as a number")]
    [InlineData("""{"at": 1e999, "test": {"testId": "a"}, "actual": {"seconds": {"*": 1}}}""", "trace.jsonl:2: at: 1e999 is too large for a number")]
    [InlineData("""{"at": 0, "at": 1, "test": {"testId": "a"}, "actual": {"seconds": {"*": 1}}}""", "trace.jsonl:2: at: is given twice")]
    [InlineData("""{"at": 0, "test": {}, "actual": {"seconds": {"*": 1}}}""", "trace.jsonl:2: test.testId: is missing, and required")]
    [InlineData("""{"at": 0, "test": null, "actual": {"seconds": {"*": 1}}}""", "trace.jsonl:2: test: is null; an object is expected")]
    [InlineData("""{"at": 0, "test": {"tests": [{"testId": "a"}]}, "actual": {"seconds": {"*": 1}}}""", "trace.jsonl:2: test: is a list of tests")]
    [InlineData("""{"at": 0, "test": {"testId": "a", "priority": 6}, "actual": {"seconds": {"*": 1}}}""", "trace.jsonl:2: test.priority: 6 is not from 1 to 5")]
    [InlineData("""{"at": 0, "test": {"testId": "a", "requirements": {"requiredAccelerators": {"cuda": 1.5}}}, "actual": {"seconds": {"*": 1}}}""", "trace.jsonl:2: test.requirements.requiredAccelerators.cuda: 1.5 is neither")]
    [InlineData("""{"at": 0, "test": {"testId": "a"}}""", "trace.jsonl:2: actual: is missing, and required")]
    [InlineData("""{"at": 0, "test": {"testId": "a"}, "actual": {}}""", "trace.jsonl:2: actual.seconds: is missing, and required")]
    [InlineData("""{"at": 0, "test": {"testId": "a"}, "actual": {"seconds": {}}}""", "trace.jsonl:2: actual.seconds: is empty")]
    [InlineData("""{"at": 0, "test": {"testId": "a"}, "actual": {"seconds": {"k80": -2}}}""", "trace.jsonl:2: actual.seconds.k80: -2 is not from 0")]
    [InlineData("""{"at": 0, "test": {"testId": "a"}, "actual": {"seconds": {"k80": "fast"}}}""", "trace.jsonl:2: actual.seconds.k80: \"fast\" cannot be read as a number")]
    [InlineData("""{"at": 0, "test": {"testId": "a"}, "actual": {"seconds": {"k80": 2}}}""", "trace.jsonl:2: actual.seconds: has neither c nor \"*\", and w could run it")]
    [InlineData("""{"at": 0, "test": {"testId": "a"}, "actual": {"seconds": {"*": 1}, "outcome": "skipped"}}""", "trace.jsonl:2: actual.outcome: \"skipped\" is neither")]
    public async Task A_wrong_line_of_a_trace_is_refused_with_file_line_and_field(string line, string message) =>
        await Refused([Run, line, Run], [Worker], message);

    [Theory]
    [InlineData("""{"capabilities": {}}""", "fleet.jsonl:2: workerId: is missing, and required")]
    [InlineData("""{"workerId": "x"}""", "fleet.jsonl:2: capabilities: is missing, and required")]
    [InlineData("""{"workerId": "", "capabilities": {}}""", "fleet.jsonl:2: workerId: \"\" has 0 characters")]
    [InlineData("""{"workerId": "w-2", "capabilities": {}}""", "fleet.jsonl:2: workerId: \"w-2\" is a worker of an earlier line")]
    [InlineData("""{"workerId": "x", "count": 0, "capabilities": {}}""", "fleet.jsonl:2: count: 0 is not from 1")]
    [InlineData("""{"workerId": "x", "count": 1.5, "capabilities": {}}""", "fleet.jsonl:2: count: 1.5 cannot be read as a whole number")]
    [InlineData("""{"workerId": "x", "slots": 0, "capabilities": {}}""", "fleet.jsonl:2: slots: 0 is not from 1")]
    [InlineData("""{"workerId": "x", "speed": 0, "capabilities": {}}""", "fleet.jsonl:2: speed: 0 is not from")]
    [InlineData("""{"workerId": "x", "class": "*", "capabilities": {}}""", "fleet.jsonl:2: class: \"*\" is no class")]
    [InlineData("""{"workerId": "x", "joinsAt": -1, "capabilities": {}}""", "fleet.jsonl:2: joinsAt: -1 is not from 0")]
    [InlineData("""{"workerId": "x", "joinsAt": 5, "leavesAt": 5, "capabilities": {}}""", "fleet.jsonl:2: leavesAt: 5 is not after joinsAt, 5")]
    [InlineData("""{"workerId": "x", "capabilities": {"memoryGb": -1}}""", "fleet.jsonl:2: capabilities.memoryGb: -1 is not from 0")]
    [InlineData("""{"workerId": "x", "capabilities": {"cpuCores": "four"}}""", "fleet.jsonl:2: capabilities.cpuCores: \"four\" cannot be read as a whole number")]
    [InlineData("""{"workerId": "x", "capabilities": {"accelerators": [{"type": "cuda", "id": "0"}, {"type": "npu", "id": "0"}]}}""", "fleet.jsonl:2: capabilities.accelerators: id \"0\" is given twice")]
    public async Task A_wrong_line_of_a_fleet_is_refused_with_file_line_and_field(string line, string message) =>
        await Refused([Run], [Worker, line], message);

    [Theory]
    [InlineData("--policy adaptve", "--policy: Unknown placement policy 'adaptve'; known are: adaptive")]
    [InlineData("--compare adaptive,fastest", "--compare: Unknown placement policy 'fastest'")]
    [InlineData("--compare all --schedule out.jsonl", "--schedule shows one policy: leave out --compare")]
    [InlineData("--keys {", "--keys: is not valid JSON")]
    [InlineData("--keys [1]", "--keys: is a list")]
    [InlineData("--keys {\"license\":0}", "--keys: license: 0 is not a whole number from 1")]
    [InlineData("--seed x", "--seed")]
    [InlineData("--history no-such-file", "cannot read no-such-file")]
    public async Task A_wrong_option_is_refused(string options, string message) => await Refused([Run], [Worker], message, options.Split(' '));

    [Fact]
    public async Task A_line_that_is_no_text_is_refused()
    {
        var trace = directory.File("trace.jsonl");
        await File.WriteAllBytesAsync(trace, [.. "{\"at\": 0, \""u8, 0xFF, .. "\": 1}\n"u8], TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.BadInput, await lb.Run("simulate", "--trace", trace, "--fleet", directory.File("fleet.jsonl", Worker)));
        Assert.Contains("trace.jsonl:1: line: is not UTF-8", lb.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_hold_nothing_are_refused()
    {
        await Refused([], [Worker], "trace.jsonl:1: line: the file holds no test");
        await Refused([Run], [], "fleet.jsonl:1: line: the file holds no worker");
    }

    private async Task Refused(string[] trace, string[] fleet, string message, params string[] options)
    {
        var schedule = directory.File("unwritten.jsonl");
        string[] asked = options.Contains("--compare") ? options : [.. options, "--schedule", schedule];

        Assert.Equal(ExitCode.BadInput, await Simulate(trace, fleet, asked));

        Assert.Contains(message, lb.Error, StringComparison.Ordinal);
        Assert.Empty(lb.Out);
        Assert.False(File.Exists(schedule), "a schedule was written");
    }

    private static string MixedRun(int number) => new JsonObject
    {
        ["at"] = number % 7,
        ["test"] = new JsonObject { ["testId"] = $"test-{number % 9}", ["retries"] = 1 },
        ["actual"] = new JsonObject
        {
            ["seconds"] = new JsonObject { ["c"] = (number * 37 % 50) + 1 },
            ["outcome"] = number % 5 == 0 ? "failed" : "passed",
        },
    }.ToJsonString();

    private Task<int> Simulate(string[] trace, string[] fleet, params string[] options) => lb.Run(["simulate", .. Files(trace, fleet), .. options]);

    private string[] Files(string[] trace, string[] fleet) =>
        ["--trace", directory.File("trace.jsonl", string.Join('\n', trace)), "--fleet", directory.File("fleet.jsonl", string.Join('\n', fleet))];
}
