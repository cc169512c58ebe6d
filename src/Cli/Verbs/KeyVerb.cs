using System.CommandLine;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;
using Spectre.Console;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb key</c>: concurrency keys and their limits, live.</summary>
internal static class KeyVerb
{
    private const string KeyMeaning = "A concurrency key, as tests name it.";

    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var verb = new Command("key", "Show concurrency keys or set their limits; without a verb of its own it lists.")
        {
            CreateList(common), CreateSet(common), CreateReset(common),
        };
        common.AddTo(verb);
        verb.SetAction((parse, cancel) => List(common, parse, cancel));
        return verb;
    }

    private static Command CreateList(CommonOptions common)
    {
        var verb = new Command("list", "List the keys that have a limit of their own, are held, or are waited for.");
        verb.SetAction((parse, cancel) => List(common, parse, cancel));
        return verb;
    }

    private static Command CreateSet(CommonOptions common)
    {
        var key = new Argument<string>("KEY") { Description = KeyMeaning };
        var limit = new Argument<int>("LIMIT") { Description = "How many runs may hold it at a time; 0 lets none begin. Who holds it goes on." };
        var verb = new Command("set", "Set how many runs may hold a key from now on; it stays so until reset.") { key, limit };
        verb.SetAction(async (parse, cancel) =>
        {
            using var client = common.Client(parse);
            return Tell(common.Output(parse), await client.SetKey(parse.GetValue(key)!, parse.GetValue(limit), cancel));
        });
        return verb;
    }

    private static Command CreateReset(CommonOptions common)
    {
        var key = new Argument<string>("KEY") { Description = KeyMeaning };
        var verb = new Command("reset", "Take back what was set: the configured limit is in force again, else 1.") { key };
        verb.SetAction(async (parse, cancel) =>
        {
            using var client = common.Client(parse);
            return Tell(common.Output(parse), await client.ResetKey(parse.GetValue(key)!, cancel));
        });
        return verb;
    }

    private static async Task<int> List(CommonOptions common, ParseResult parse, CancellationToken cancel)
    {
        var output = common.Output(parse);
        using var client = common.Client(parse);
        var keys = await client.Keys(cancel);
        if (output.Json) output.WriteJson(new KeyPage { Keys = keys });
        else if (keys.Count == 0) output.Say("no key has a limit of its own, is held or waited for");
        else output.Write(Table(keys));
        return ExitCode.Passed;
    }

    private static Table Table(IReadOnlyList<KeyView> keys)
    {
        var table = Tables.Create("key", "limit", "held", "waiting", "source", "holders");
        foreach (var key in keys)
        {
            table.AddRow(
                Tables.Cell(key.Key),
                Tables.Cell(SettingText.Number(key.Limit)),
                Tables.Cell(SettingText.Number(key.Holders.Count)),
                Tables.Cell(SettingText.Number(key.Waiting)),
                Tables.Cell(SettingText.Source(key.Source, key.ChangedBy, key.ChangedAt)),
                Tables.Cell(string.Join(", ", key.Holders.Select(holder => $"{holder.RunId} on {holder.WorkerId}"))));
        }

        return table;
    }

    private static int Tell(Output output, KeyView view)
    {
        if (output.Json) output.WriteJson(view);
        else output.Say($"key {view.Key} may be held by {SettingText.Number(view.Limit)} ({view.Source}); "
            + $"{view.Holders.Count} hold it, {view.Waiting} wait");
        return ExitCode.Passed;
    }
}
