using System.CommandLine;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;
using Spectre.Console;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb share</c>: what submitters may use against each other, live.</summary>
internal static class ShareVerb
{
    private const string SubmitterMeaning = "A fair-share account, as tests name it.";

    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var verb = new Command("share", "Show or set the weights of submitters; without a verb of its own it lists.")
        {
            CreateList(common), CreateSet(common), CreateReset(common),
        };
        common.AddTo(verb);
        verb.SetAction((parse, cancel) => List(common, parse, cancel));
        return verb;
    }

    private static Command CreateList(CommonOptions common)
    {
        var verb = new Command("list", "List the submitters that have a weight of their own; all others have 1.");
        verb.SetAction((parse, cancel) => List(common, parse, cancel));
        return verb;
    }

    private static Command CreateSet(CommonOptions common)
    {
        var submitter = new Argument<string>("SUBMITTER") { Description = SubmitterMeaning };
        var weight = new Argument<double>("WEIGHT") { Description = "One of weight 2 gets twice as much as one of weight 1." };
        var verb = new Command("set", "Set what a submitter may use from now on; it stays so until reset.") { submitter, weight };
        verb.SetAction(async (parse, cancel) =>
        {
            using var client = common.Client(parse);
            return Tell(common.Output(parse), await client.SetShare(parse.GetValue(submitter)!, Checked(parse.GetValue(weight)), cancel));
        });
        return verb;
    }

    private static Command CreateReset(CommonOptions common)
    {
        var submitter = new Argument<string>("SUBMITTER") { Description = SubmitterMeaning };
        var verb = new Command("reset", "Take back what was set: the configured weight is in force again, else 1.") { submitter };
        verb.SetAction(async (parse, cancel) =>
        {
            using var client = common.Client(parse);
            return Tell(common.Output(parse), await client.ResetShare(parse.GetValue(submitter)!, cancel));
        });
        return verb;
    }

    private static async Task<int> List(CommonOptions common, ParseResult parse, CancellationToken cancel)
    {
        var output = common.Output(parse);
        using var client = common.Client(parse);
        var list = await client.Shares(cancel);
        if (output.Json) output.WriteJson(list);
        else if (list.Shares.Count == 0) output.Say("every submitter has weight 1");
        else output.Write(Table(list.Shares));
        return ExitCode.Passed;
    }

    private static Table Table(IReadOnlyList<ShareView> shares)
    {
        var table = Tables.Create("submitter", "weight", "source");
        foreach (var share in shares)
        {
            table.AddRow(
                Tables.Cell(share.Submitter),
                Tables.Cell(SettingText.Number(share.Weight)),
                Tables.Cell(SettingText.Source(share.Source, share.ChangedBy, share.ChangedAt)));
        }

        return table;
    }

    /// <summary>JSON has no word for other numbers.</summary>
    private static double Checked(double weight) => double.IsFinite(weight)
        ? weight
        : throw LbException.BadInput($"WEIGHT is {SettingText.Number(weight)}; give a number above 0");

    private static int Tell(Output output, ShareView view)
    {
        if (output.Json) output.WriteJson(view);
        else output.Say($"submitter {view.Submitter} has weight {SettingText.Number(view.Weight)} ({view.Source})");
        return ExitCode.Passed;
    }
}
