using System.CommandLine;
using LoadBalancer.Cli.Api;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb watch</c>: a suite to its end, or everything until interrupted.</summary>
internal static class WatchVerb
{
    private static readonly string[] WaitingOrRunning = [RunStates.Submitted, RunStates.Assigned, RunStates.Running, RunStates.Requeued];

    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var suite = new Argument<string?>("SUITE") { Description = "Watch this suite to its end. Without it: every run, until Ctrl-C.", Arity = ArgumentArity.ZeroOrOne };
        var verb = new Command("watch", "Watch runs as they change. Ctrl-C detaches and cancels nothing.")
        {
            suite, common.Url, common.Json, common.Plain, common.NoColor,
        };
        verb.SetAction(async (parse, cancel) =>
        {
            var output = common.Output(parse);
            using var client = common.Client(parse);
            return parse.GetValue(suite) is { } name
                ? await WatchSuite(client, output, name, cancel)
                : await WatchAll(client, output, cancel);
        });
        return verb;
    }

    private static async Task<int> WatchSuite(SchedulerClient client, Output output, string suite, CancellationToken cancel)
    {
        var query = new RunQuery(Suite: suite);
        var board = RunBoard.Open();
        await foreach (var run in client.Runs(query, cancel)) board.Apply(run);
        if (board.Count == 0) throw await SuiteNames.Unknown(client, suite, cancel);

        return await new SuiteWatch(client, output) { Title = suite, Queries = [query] }.Run(board, cancel);
    }

    private static async Task<int> WatchAll(SchedulerClient client, Output output, CancellationToken cancel)
    {
        var queries = WaitingOrRunning.Select(state => new RunQuery(State: state)).ToList();
        await client.RunPage(queries[0], limit: 1, after: null, cancel);
        output.Say($"watching every run at {client.Address}; Ctrl-C ends it");
        IProgressView view = output.Live && !output.Json ? new LiveView(output, "all runs") : new LineView(output);
        var watcher = new RunWatcher(client, RunBoard.Open(), queries, view, output.Time)
        {
            OnNews = output.Json ? output.WriteJsonLine : null,
        };
        await watcher.Follow(endless: true, cancel);
        return ExitCode.Passed;
    }
}
