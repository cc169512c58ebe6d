using System.CommandLine;
using LoadBalancer.Cli.Api;
using LoadBalancer.Cli.Broker;
using LoadBalancer.Cli.Suites;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Verbs;

/// <summary><c>lb submit</c>: a suite file, by HTTP or by the broker; with <c>--watch</c> to its end.</summary>
internal static class SubmitVerb
{
    public static Command Create(Terminal terminal)
    {
        var common = new CommonOptions(terminal);
        var options = new SubmitOptions();
        var verb = new Command("submit", "Submit a suite file (YAML or JSON: suite, defaults, tests).")
        {
            options.File, options.Watch, options.JUnit, options.Suite, options.FailFast, options.DryRun, options.Broker,
            common.Url, common.Json, common.Plain, common.NoColor,
        };
        verb.SetAction(async (parse, cancel) =>
        {
            var output = common.Output(parse);
            options.Check(parse);
            var tests = SuiteFile.Read(parse.GetValue(options.File)!, parse.GetValue(options.Suite), terminal);
            if (parse.GetValue(options.DryRun)) return DryRun(output, tests);

            using var client = common.Client(parse);
            return options.BrokerAddress(parse, terminal, output) is { } broker
                ? await Publish(client, output, new BrokerPublisher(broker, terminal.Time), tests, options.WatchOf(parse), cancel)
                : await Post(client, output, tests, options.WatchOf(parse), cancel);
        });
        return verb;
    }

    private static int DryRun(Output output, IReadOnlyList<SubmitTest> tests)
    {
        output.WriteJson(new SubmitTests { Tests = tests });
        output.Say($"{tests.Count} tests are well-formed; nothing was submitted");
        return ExitCode.Passed;
    }

    private static async Task<int> Post(
        SchedulerClient client, Output output, IReadOnlyList<SubmitTest> tests, WatchWish? wish, CancellationToken cancel)
    {
        var batches = SubmissionBatch.Split(tests).ToList();
        var answers = new List<SubmitAnswer>();
        foreach (var batch in batches) answers.AddRange(await client.Submit(batch, cancel));

        var refused = answers.Where(answer => answer.Status == RunStates.Refused).ToList();
        foreach (var answer in refused) output.Say($"refused  {PlainText.Line(answer.TestId)}: {PlainText.Line(answer.Reason)}");
        foreach (var answer in answers.Where(answer => answer is { Status: "accepted", FeasibleWorkers: 0 }))
            output.Say($"warning  {PlainText.Line(answer.TestId)}: {PlainText.Line(answer.Reason)}");
        if (wish is null)
        {
            if (output.Json) output.WriteJson(new SubmitAnswers(answers));
            else foreach (var answer in answers) output.WriteText($"{answer.Status,-9}  {answer.RunId}  {PlainText.Line(answer.TestId)}");
        }

        output.Say($"{string.Join(", ", answers.CountBy(answer => answer.Status).Select(count => $"{count.Value} {count.Key}"))} at {client.Address}");
        if (wish is null) output.Say(NextSteps(tests));
        var ended = wish is null ? ExitCode.Passed : await Watch(client, output, Board(tests, answers, output), tests, wish, whenListening: null, cancel);
        return refused.Count > 0 ? ExitCode.BadInput : ended;
    }

    private static async Task<int> Publish(
        SchedulerClient client, Output output, BrokerPublisher broker, IReadOnlyList<SubmitTest> tests, WatchWish? wish, CancellationToken cancel)
    {
        var batches = SubmissionBatch.Split(tests).ToList();
        async Task PublishAll(CancellationToken token)
        {
            await broker.Publish(batches, token);
            output.Say($"{tests.Count} tests published to {broker.Shown}");
        }

        if (wish is not null)
        {
            // Told before anything is published: a watch needs the scheduler's API as well.
            await client.RunPage(new RunQuery(), limit: 1, after: null, cancel);
            var board = RunBoard.Of(tests, RunBoard.Sent, output.Time.GetUtcNow());
            return await Watch(client, output, board, tests, wish, PublishAll, cancel);
        }

        await PublishAll(cancel);
        if (output.Json) output.WriteJson(tests.Select(test => new { test.RunId, test.TestId }));
        else foreach (var test in tests) output.WriteText($"{"published",-9}  {test.RunId}  {PlainText.Line(test.TestId)}");
        output.Say(NextSteps(tests));
        return ExitCode.Passed;
    }

    private static Task<int> Watch(
        SchedulerClient client, Output output, RunBoard board, IReadOnlyList<SubmitTest> tests, WatchWish wish,
        Func<CancellationToken, Task>? whenListening, CancellationToken cancel)
    {
        var suites = tests.Select(test => test.Suite).Distinct().ToList();
        var maybeSkipped = tests.Where(test => test.Command?.SkippedExitCodes.Count > 0).Select(test => test.RunId!.Value).ToHashSet();
        var watch = new SuiteWatch(client, output)
        {
            Title = string.Join(", ", suites),
            Queries = [.. suites.Select(suite => new RunQuery(Suite: suite))],
            JUnitPath = wish.JUnitPath,
            FailFast = wish.FailFast,
            MaybeSkipped = run => maybeSkipped.Contains(run.RunId),
            WhenListening = whenListening,
        };
        return watch.Run(board, cancel);
    }

    private static RunBoard Board(IReadOnlyList<SubmitTest> tests, List<SubmitAnswer> answers, Output output)
    {
        var board = RunBoard.Of(tests, RunStates.Submitted, output.Time.GetUtcNow());
        foreach (var answer in answers.Where(answer => answer.Status == RunStates.Refused)) board.Refuse(answer.RunId, answer.Reason);
        return board;
    }

    private static string NextSteps(IReadOnlyList<SubmitTest> tests) =>
        string.Join('\n', tests.Select(test => test.Suite).Distinct().Take(3).Select(suite => $"  lb watch {suite}"));
}
