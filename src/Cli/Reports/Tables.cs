using LoadBalancer.Cli.Terminals;
using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;
using Spectre.Console;

namespace LoadBalancer.Cli.Reports;

/// <summary>Tables without frames, that read well on a terminal and in a pipe alike.</summary>
internal static class Tables
{
    public static Table Create(params string[] columns)
    {
        var table = new Table { Border = TableBorder.None, UseSafeBorder = false };
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column.ToUpperInvariant(), new Style(decoration: Decoration.Bold)))
            {
                Padding = new Padding(0, 0, 2, 0),
                // The last column is prose; what stands before it is copied from the screen into the next command.
                NoWrap = column != columns[^1],
            });
        }

        return table;
    }

    /// <summary>Any text, shown as it is and on one line.</summary>
    public static Text Cell(string? text) => new(PlainText.Line(text));

    /// <summary>The state in words; colour only repeats it.</summary>
    public static Text State(RunSummary run) => new(RunText.State(run), new Style(run.State switch
    {
        RunStates.Completed => Color.Green,
        RunStates.Failed or RunStates.Refused => Color.Red,
        RunStates.Running => Color.Blue,
        _ => Color.Default,
    }));
}
