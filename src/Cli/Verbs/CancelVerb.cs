using System.CommandLine;
using LoadBalancer.Cli.Api;
using LoadBalancer.Cli.Terminals;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb cancel</c>: a run, or the runs of a suite.</summary>
internal static class CancelVerb
{
    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var run = new Argument<string?>("RUN") { Description = RunReference.Meaning, Arity = ArgumentArity.ZeroOrOne };
        var suite = new Option<string?>("--suite") { Description = "Cancel the runs of this suite that have not ended.", HelpName = "S" };
        var reason = new Option<string>("--reason") { Description = "Kept with the runs.", DefaultValueFactory = _ => "cancelled by lb cancel", HelpName = "TEXT" };
        var verb = new Command("cancel", "Cancel a run, or the runs of a suite that have not ended.") { run, suite, reason, common.Url };
        verb.SetAction(async (parse, cancel) =>
        {
            var (ofRun, ofSuite) = (parse.GetValue(run), parse.GetValue(suite));
            if (ofRun is null == ofSuite is null) throw LbException.BadInput("give either a RUN or --suite S, and not both");

            var output = common.Output(parse);
            using var client = common.Client(parse);
            if (ofSuite is not null) await CancelSuite(client, ofSuite, parse.GetValue(reason)!, output, cancel);
            else await CancelRun(client, ofRun!, parse.GetValue(reason)!, output, cancel);
            return ExitCode.Passed;
        });
        return verb;
    }

    private static async Task CancelRun(SchedulerClient client, string reference, string reason, Output output, CancellationToken cancel)
    {
        var runId = await RunReference.Resolve(client, reference, cancel);
        await client.CancelRun(runId, reason, cancel);
        output.Say($"cancel requested for run {runId}; what runs is stopped first: lb status {runId}");
    }

    private static async Task CancelSuite(SchedulerClient client, string suite, string reason, Output output, CancellationToken cancel)
    {
        _ = await client.FindSuite(suite, cancel) is { Total: > 0 } view ? view : throw await SuiteNames.Unknown(client, suite, cancel);
        await client.CancelSuite(suite, reason, cancel);
        output.Say($"cancel requested for suite {suite}; what runs is stopped first: lb watch {suite}");
    }
}
