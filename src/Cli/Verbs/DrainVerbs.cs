using System.CommandLine;
using LoadBalancer.Cli.Terminals;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb drain</c> and <c>lb resume</c>: a worker runs empty, or takes work again.</summary>
internal static class DrainVerbs
{
    private const string Id = "The worker's id, as lb workers lists it.";

    public static Command CreateDrain(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var worker = new Argument<string>("ID") { Description = Id };
        var deadline = new Option<double?>("--deadline")
        {
            Description = "After this many seconds what still runs is stopped and requeued; without it everything ends by itself.",
            HelpName = "S",
        };
        var reason = new Option<string>("--reason") { Description = "Shown with the worker.", DefaultValueFactory = _ => "drained by lb drain", HelpName = "TEXT" };
        var verb = new Command("drain", "Let a worker run empty: it gets nothing new until it is resumed.") { worker, deadline, reason, common.Url };
        verb.SetAction(async (parse, cancel) =>
        {
            var (id, seconds) = (parse.GetValue(worker)!, parse.GetValue(deadline));
            if (seconds is { } given && !(given >= 0)) throw LbException.BadInput($"--deadline is {given}; it must not be negative");

            using var client = common.Client(parse);
            await client.Drain(id, parse.GetValue(reason)!, seconds, cancel);
            common.Output(parse).Say($"worker {id} gets nothing new; back to work: lb resume {id}");
            return ExitCode.Passed;
        });
        return verb;
    }

    public static Command CreateResume(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var worker = new Argument<string>("ID") { Description = Id };
        var verb = new Command("resume", "Let a drained worker take work again.") { worker, common.Url };
        verb.SetAction(async (parse, cancel) =>
        {
            var id = parse.GetValue(worker)!;
            using var client = common.Client(parse);
            await client.Resume(id, cancel);
            common.Output(parse).Say($"worker {id} takes work again");
            return ExitCode.Passed;
        });
        return verb;
    }
}
