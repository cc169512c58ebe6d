using System.CommandLine;
using System.Globalization;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Contracts;
using Spectre.Console;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb workers</c>: the fleet.</summary>
internal static class WorkersVerb
{
    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var verb = new Command("workers", "List the workers: what they are, what they have, what they do.")
        {
            common.Url, common.Json, common.Plain, common.NoColor,
        };
        verb.SetAction(async (parse, cancel) =>
        {
            var output = common.Output(parse);
            using var client = common.Client(parse);
            var workers = await client.Workers(cancel);
            if (output.Json) output.WriteJson(new WorkerList(workers));
            else if (workers.Count == 0) output.Say("no worker has registered");
            else output.Write(Table(workers, terminal.Time.GetUtcNow()));
            return ExitCode.Passed;
        });
        return verb;
    }

    public static Table Table(IReadOnlyList<WorkerView> workers, DateTimeOffset now)
    {
        var table = Tables.Create("worker", "status", "slots", "cores", "memory", "devices", "browsers", "labels", "heartbeat");
        foreach (var worker in workers.OrderBy(worker => worker.WorkerId, StringComparer.Ordinal))
        {
            var what = worker.Capabilities;
            table.AddRow(
                Tables.Cell(worker.WorkerId),
                Tables.Cell(worker.Status),
                Tables.Cell($"{worker.BusySlots}/{worker.Slots}"),
                Tables.Cell(Number($"{worker.ReservedCpuCores:0.##}/{what.CpuCores}")),
                Tables.Cell(Number($"{worker.ReservedMemoryGb:0.#}/{what.MemoryGb:0.#} GB")),
                Tables.Cell(DeviceText.Of(what.Accelerators)),
                Tables.Cell(OrDash(what.Browsers.Select(browser => $"{browser.Name} {browser.Version}".TrimEnd()))),
                Tables.Cell(OrDash(what.Labels.Select(label => $"{label.Key}={label.Value}"))),
                Tables.Cell($"{DurationText.Of(Math.Max(0, (now - worker.LastHeartbeatAt).TotalSeconds))} ago"));
        }

        return table;
    }

    private static string OrDash(IEnumerable<string> values) => string.Join(", ", values) is { Length: > 0 } text ? text : "-";

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
