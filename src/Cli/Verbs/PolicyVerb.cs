using System.CommandLine;
using System.Text.Json;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;
using Spectre.Console;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb policy</c>: which policy places which test type, live.</summary>
internal static class PolicyVerb
{
    private const string TypeMeaning = "A test type; \"default\" for all that have no policy of their own.";

    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var verb = new Command("policy", "Show or set which policy places which test type; without a verb of its own it lists.")
        {
            CreateList(common), CreateGet(common), CreateSet(common), CreateReset(common),
        };
        common.AddTo(verb);
        verb.SetAction((parse, cancel) => List(common, parse, cancel));
        return verb;
    }

    private static Command CreateList(CommonOptions common)
    {
        var verb = new Command("list", "List the policies in force and those that can be set.");
        verb.SetAction((parse, cancel) => List(common, parse, cancel));
        return verb;
    }

    private static Command CreateGet(CommonOptions common)
    {
        var type = new Argument<string>("TYPE") { Description = TypeMeaning };
        var verb = new Command("get", "Show the policy of a test type, as set takes it.") { type };
        verb.SetAction(async (parse, cancel) =>
        {
            var output = common.Output(parse);
            using var client = common.Client(parse);
            var view = await client.Policy(parse.GetValue(type)!, cancel);
            if (output.Json) output.WriteJson(view);
            else output.WriteText(SettingText.Policy(view.Policy));
            return ExitCode.Passed;
        });
        return verb;
    }

    private static Command CreateSet(CommonOptions common)
    {
        var type = new Argument<string>("TYPE") { Description = TypeMeaning };
        var policy = new Argument<string>("POLICY")
        {
            Description = """A name that lb policy list shows, or JSON: {"type": "composite", "algorithms": [{"type": NAME, "weight": 0.6}, ...]}""",
        };
        var verb = new Command("set", "Place a test type by a policy from now on; it stays so until reset.") { type, policy };
        verb.SetAction(async (parse, cancel) =>
        {
            using var client = common.Client(parse);
            var view = await client.SetPolicy(parse.GetValue(type)!, ToJson(parse.GetValue(policy)!), cancel);
            return Tell(common.Output(parse), view);
        });
        return verb;
    }

    private static Command CreateReset(CommonOptions common)
    {
        var type = new Argument<string>("TYPE") { Description = TypeMeaning };
        var verb = new Command("reset", "Take back what was set: the configured policy is in force again.") { type };
        verb.SetAction(async (parse, cancel) =>
        {
            using var client = common.Client(parse);
            return Tell(common.Output(parse), await client.ResetPolicy(parse.GetValue(type)!, cancel));
        });
        return verb;
    }

    private static async Task<int> List(CommonOptions common, ParseResult parse, CancellationToken cancel)
    {
        var output = common.Output(parse);
        using var client = common.Client(parse);
        var policies = await client.Policies(cancel);
        if (output.Json)
        {
            output.WriteJson(policies);
            return ExitCode.Passed;
        }

        output.Write(Table(policies));
        output.Say($"can be set: {string.Join(", ", policies.Known)}");
        return ExitCode.Passed;
    }

    private static Table Table(PolicyList policies)
    {
        var table = Tables.Create("test type", "source", "policy");
        foreach (var view in policies.ByTestType.Prepend(policies.Default))
        {
            table.AddRow(
                Tables.Cell(view.TestType),
                Tables.Cell(SettingText.Source(view.Source, view.ChangedBy, view.ChangedAt)),
                Tables.Cell(SettingText.Policy(view.Policy)));
        }

        return table;
    }

    private static int Tell(Output output, PolicyView view)
    {
        if (output.Json) output.WriteJson(view);
        else output.Say($"{view.TestType} is placed by {SettingText.Policy(view.Policy)} ({view.Source})");
        return ExitCode.Passed;
    }

    /// <summary>A name becomes a JSON text; what looks like JSON is sent as it is, for the scheduler says best what is wrong with it.</summary>
    private static string ToJson(string policy) => policy.TrimStart() is ['{' or '"', ..] ? policy : JsonSerializer.Serialize(policy);
}
