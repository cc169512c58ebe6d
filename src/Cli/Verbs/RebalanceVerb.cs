using System.CommandLine;
using System.Globalization;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;
using Spectre.Console;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb rebalance</c>: recalls what was handed out, has not started, and would finish sooner elsewhere.</summary>
internal static class RebalanceVerb
{
    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var verb = new Command("rebalance", "Recall what has not started and would finish sooner on another worker; the scheduler does so by itself too.")
        {
            common.Url, common.Json, common.Plain, common.NoColor,
        };
        verb.SetAction(async (parse, cancel) =>
        {
            var output = common.Output(parse);
            using var client = common.Client(parse);
            var recalled = await client.Rebalance(cancel);
            if (output.Json) output.WriteJson(new RebalanceAnswer(recalled));
            else if (recalled.Count == 0) output.Say("nothing has to move");
            else output.Write(TableOf(recalled));
            return ExitCode.Passed;
        });
        return verb;
    }

    private static Table TableOf(IReadOnlyList<MoveView> recalled)
    {
        var table = Tables.Create("run", "from", "to", "gain", "reason");
        foreach (var move in recalled)
        {
            table.AddRow(
                Tables.Cell($"{move.RunId}"), Tables.Cell(move.From), Tables.Cell(move.To),
                Tables.Cell(string.Create(CultureInfo.InvariantCulture, $"{move.GainSeconds:0.#} s")), Tables.Cell(move.Reason));
        }

        return table;
    }
}
