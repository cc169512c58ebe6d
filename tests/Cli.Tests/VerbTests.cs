using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Xml.Linq;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Tests;

public sealed class VerbTests : IAsyncLifetime
{
    private const string ThreeTests = "{suite: s, tests: [{testId: a}, {testId: b}, {testId: c}]}";
    private static readonly TimeSpan UnreachableIsTold = TimeSpan.FromSeconds(10);

    private readonly TemporaryDirectory directory = new();
    private FakeScheduler scheduler = null!;
    private Lb lb = null!;

    public async ValueTask InitializeAsync()
    {
        scheduler = await FakeScheduler.Start();
        lb = Lb.At(scheduler);
    }

    public async ValueTask DisposeAsync()
    {
        directory.Dispose();
        lb.Dispose();
        await scheduler.DisposeAsync();
    }

    [Theory]
    [InlineData("wokers", "nearest is \"workers\"")]
    [InlineData("workers --jsn", "nearest is \"--json\"")]
    [InlineData("submit", "Required argument missing")]
    [InlineData("submit no-such-file.yaml", "cannot read the suite file no-such-file.yaml")]
    [InlineData("submit x.yaml --fail-fast 0", "--fail-fast is 0: give 1 or more")]
    [InlineData("submit x.yaml --junit no/such/directory/out.xml", "there is no directory")]
    [InlineData("cancel", "give either a RUN or --suite S")]
    [InlineData("status --state runing", "nearest is \"Running\"")]
    [InlineData("workers --url localhost", "--url is \"localhost\", which is no address")]
    public async Task Bad_usage_is_2_and_says_what_to_do(string command, string message)
    {
        Assert.Equal(ExitCode.BadInput, await lb.Run(command.Split(' ')));

        Assert.Contains(message, lb.Error, StringComparison.Ordinal);
        Assert.Empty(lb.Out);
    }

    [Fact]
    public async Task Every_verb_has_help()
    {
        foreach (var verb in Program.CreateCommand(lb.Terminal).Subcommands)
        {
            var asked = new Lb();
            Assert.Equal(ExitCode.Passed, await asked.Run(verb.Name, "--help"));
            Assert.Contains($"lb {verb.Name}", asked.Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Submitting_tells_run_ids_and_sends_each_test_once()
    {
        Assert.Equal(ExitCode.Passed, await lb.Run("submit", Suite(ThreeTests)));

        Assert.Equal(["a", "b", "c"], scheduler.Submitted.Select(test => test.TestId));
        Assert.All(scheduler.Submitted, test => Assert.Contains($"accepted   {test.RunId}  {test.TestId}", lb.Out, StringComparison.Ordinal));
        Assert.Contains("lb watch s", lb.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_suite_can_come_by_the_input()
    {
        var piped = new Lb { Input = ThreeTests, Variables = { ["LB_URL"] = scheduler.Url } };

        Assert.Equal(ExitCode.Passed, await piped.Run("submit", "-", "--suite", "given"));

        Assert.All(scheduler.Submitted, test => Assert.Equal("given", test.Suite));
    }

    [Fact]
    public async Task A_dry_run_sends_nothing()
    {
        Assert.Equal(ExitCode.Passed, await lb.Run("submit", Suite(ThreeTests), "--dry-run"));

        Assert.Empty(scheduler.Requests);
        Assert.Equal(3, JsonSerializer.Deserialize<SubmitTests>(lb.Out, JsonSerializerOptions.Web)!.Tests.Count);
    }

    [Fact]
    public async Task A_watched_suite_that_passes_is_0_and_its_table_is_on_stdout()
    {
        Assert.Equal(ExitCode.Passed, await lb.Run("submit", Suite(ThreeTests), "--watch"));

        Assert.Contains("3 runs: 3 completed", lb.Out, StringComparison.Ordinal);
        Assert.Contains("[3/3] Completed", lb.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watched_suite_with_a_failure_is_1_and_the_report_has_its_output()
    {
        scheduler.StateOf = test =>
        {
            scheduler.Outputs[test.RunId!.Value] = new RunOutput { Attempt = 1, Head = "assertion broke" };
            return test.TestId == "b" ? RunStates.Failed : RunStates.Completed;
        };
        var report = directory.File("junit.xml");

        Assert.Equal(ExitCode.TestsFailed, await lb.Run("submit", Suite(ThreeTests), "--junit", report));

        Assert.Contains("| assertion broke", lb.Out, StringComparison.Ordinal);
        Assert.Contains("assertion broke", (string)XDocument.Load(report).Descendants("system-out").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_one_document_and_nothing_else()
    {
        Assert.Equal(ExitCode.Passed, await lb.Run("submit", Suite(ThreeTests), "--watch", "--json"));

        Assert.Equal(3, JsonSerializer.Deserialize<RunPage>(lb.Out, JsonSerializerOptions.Web)!.Runs.Count);
    }

    [Fact]
    public async Task A_refused_test_is_bad_input_and_the_others_are_watched_to_their_end()
    {
        scheduler.Refusal = test => test.TestId == "b" ? "priority must be 1 to 5" : null;

        Assert.Equal(ExitCode.BadInput, await lb.Run("submit", Suite(ThreeTests), "--watch"));

        Assert.Contains("refused  b: priority must be 1 to 5", lb.Error, StringComparison.Ordinal);
        Assert.Contains("2 completed, 1 refused", lb.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fail_fast_cancels_the_rest()
    {
        scheduler.StateOf = test => test.TestId == "a" ? RunStates.Failed : RunStates.Submitted;

        Assert.Equal(ExitCode.TestsFailed, await lb.Run("submit", Suite(ThreeTests), "--fail-fast", "1"));

        Assert.Equal(2, scheduler.Cancelled.Count);
        Assert.Contains("1 failed, 2 cancelled", lb.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_survives_a_stream_that_drops_and_resumes_where_it_was()
    {
        scheduler.StateOf = _ => RunStates.Submitted;
        var watching = lb.Run("submit", Suite(ThreeTests), "--watch");
        await Until.True(() => scheduler.Runs.Count == 3 && scheduler.OpenStreams == 1, "the watch listens");
        var runs = scheduler.Runs.Values.OrderBy(run => run.TestId).ToList();
        scheduler.Move(runs[0].RunId, RunStates.Completed, "w1");
        await Until.True(() => lb.Error.Contains("[1/3] Completed", StringComparison.Ordinal), "the first change arrives");

        await scheduler.DropStreams();
        scheduler.Move(runs[1].RunId, RunStates.Completed, "w1");
        await Until.True(() => lb.Error.Contains("[2/3] Completed", StringComparison.Ordinal), "the second change arrives");
        scheduler.Move(runs[2].RunId, RunStates.Completed, "w1");

        Assert.Equal(ExitCode.Passed, await watching);
        Assert.Contains("1", scheduler.ResumedAfter);
    }

    [Fact]
    public async Task A_watch_ends_although_the_stream_loses_every_event()
    {
        scheduler.StreamsChanges = false;
        scheduler.StateOf = _ => RunStates.Submitted;
        var watching = lb.Run("submit", Suite(ThreeTests), "--watch");
        await Until.True(() => scheduler.Runs.Count == 3 && scheduler.OpenStreams == 1, "the watch listens");

        foreach (var run in scheduler.Runs.Keys) scheduler.Move(run, RunStates.Completed, "w1");

        Assert.Equal(ExitCode.Passed, await watching);
    }

    [Fact]
    public async Task An_interrupted_watch_is_4_cancels_nothing_and_still_writes_its_report()
    {
        scheduler.StateOf = test => test.TestId == "a" ? RunStates.Completed : RunStates.Submitted;
        var report = directory.File("junit.xml");
        var watching = lb.Run("submit", Suite(ThreeTests), "--watch", "--junit", report);
        await Until.True(() => lb.Error.Contains("[1/3]", StringComparison.Ordinal), "the watch runs");

        lb.Interrupt();

        Assert.Equal(ExitCode.Interrupted, await watching);
        Assert.Empty(scheduler.Cancelled);
        Assert.Equal(2, XDocument.Load(report).Descendants("skipped").Count());
        Assert.Contains("lb watch s", lb.Error, StringComparison.Ordinal);
        Assert.Contains("lb cancel --suite s", lb.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watching_a_suite_that_has_ended_shows_its_result()
    {
        scheduler.Add("a", "done", RunStates.Completed);
        scheduler.Add("b", "done", RunStates.Failed);

        Assert.Equal(ExitCode.TestsFailed, await lb.Run("watch", "done"));

        Assert.Contains("2 runs: 1 completed, 1 failed", lb.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_suite_offers_the_nearest()
    {
        scheduler.Add("a", "nightly");

        Assert.Equal(ExitCode.BadInput, await lb.Run("watch", "nigthly"));

        Assert.Contains("suite \"nigthly\" has no runs; nearest is \"nightly\"", lb.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watching_everything_tells_changes_as_json_lines_until_interrupted()
    {
        var run = scheduler.Add("a", "s");
        var watching = lb.Run("watch", "--json");
        await Until.True(() => scheduler.OpenStreams == 1 && lb.Out.Contains("Submitted", StringComparison.Ordinal), "the watch listens");
        scheduler.Move(run.RunId, RunStates.Completed, "w1");
        await Until.True(() => lb.Out.Contains("Completed", StringComparison.Ordinal), "the change arrives");

        lb.Interrupt();

        Assert.Equal(ExitCode.Interrupted, await watching);
        Assert.All(lb.Out.TrimEnd().Split('\n'), line => Assert.Equal(run.RunId, JsonSerializer.Deserialize<RunSummary>(line, JsonSerializerOptions.Web)!.RunId));
    }

    [Fact]
    public async Task A_run_is_found_by_id_part_of_id_and_test_id()
    {
        var run = scheduler.Add("unit/parser", "s", RunStates.Completed);
        scheduler.Outputs[run.RunId] = new RunOutput { Attempt = 1, Head = "begin\n\u001b[31mred\u001b[0m", Tail = "end" };

        foreach (var reference in new[] { $"{run.RunId}", $"{run.RunId}"[..8], $"{run.RunId}"[^8..], "unit/parser" })
        {
            var logs = Lb.At(scheduler);
            Assert.Equal(ExitCode.Passed, await logs.Run("logs", reference));
            Assert.Equal("begin\nred\n[... the middle of the output was not kept ...]\nend\n", logs.Out);
        }

        Assert.Equal(ExitCode.BadInput, await lb.Run("logs", "unit/parsre"));
        Assert.Contains("nearest is \"unit/parser\"", lb.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Following_logs_waits_for_the_end_and_takes_the_exit_code_of_the_run()
    {
        var run = scheduler.Add("a", "s", RunStates.Running);
        scheduler.Outputs[run.RunId] = new RunOutput { Attempt = 1, Head = "late" };
        var following = lb.Run("logs", "-f", $"{run.RunId}");
        await Until.True(() => scheduler.OpenStreams == 1, "the follower listens");

        scheduler.Move(run.RunId, RunStates.Failed, "w1", FailureKinds.TestFailed);

        Assert.Equal(ExitCode.TestsFailed, await following);
        Assert.Equal("late\n", lb.Out);
    }

    [Fact]
    public async Task Explain_says_the_verdict_first_then_the_funnel()
    {
        var run = scheduler.Add("bert-latency", "s");

        Assert.Equal(ExitCode.Passed, await lb.Run("explain", "bert-latency"));

        Assert.Equal(
        [
            $"run {run.RunId}  bert-latency  Submitted: will run, waiting: no free device",
            "  workers    6 known > 3 with cuda",
            "  blocker    gpu-01 device 0",
            "  hint       label 'zome' is on no worker; did you mean 'zone'?",
            "  starts if  add one more worker like gpu-01",
            "  finished   in 12.0s, nine of ten within 40.0s",
        ], lb.Out.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Status_shows_a_run_and_a_list()
    {
        var run = scheduler.Add("a", "s", RunStates.Running);

        Assert.Equal(ExitCode.Passed, await lb.Run("status", "a"));
        Assert.Equal(ExitCode.Passed, await lb.Run("status", "--state", "running"));

        Assert.Equal(2, lb.Out.Split($"{run.RunId}").Length - 1);
    }

    [Fact]
    public async Task A_list_shows_the_latest_runs_and_a_test_id_means_its_latest_run()
    {
        foreach (var i in Enumerable.Range(0, 5)) scheduler.Add($"t{i}", "s");
        var latest = scheduler.Add("t0", "s");

        Assert.Equal(ExitCode.Passed, await lb.Run("status", "--limit", "2", "--json"));
        Assert.Equal(["t0", "t4"], JsonSerializer.Deserialize<RunPage>(lb.Out, JsonSerializerOptions.Web)!.Runs.Select(run => run.TestId));

        using var one = Lb.At(scheduler);
        Assert.Equal(ExitCode.Passed, await one.Run("status", "t0"));
        Assert.StartsWith($"run {latest.RunId}", one.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_carries_its_reason()
    {
        var run = scheduler.Add("a", "s");
        scheduler.Add("b", "other");

        Assert.Equal(ExitCode.Passed, await lb.Run("cancel", "--suite", "s", "--reason", "too slow"));
        Assert.Equal(ExitCode.Passed, await lb.Run("cancel", $"{run.RunId}", "--reason", "too slow"));

        Assert.Equal([(run.RunId, "too slow"), (run.RunId, "too slow")], scheduler.Cancelled);
    }

    [Fact]
    public async Task A_worker_is_drained_with_reason_and_deadline_and_resumed()
    {
        scheduler.Workers = [new WorkerView { WorkerId = "w-1", Status = "alive", Capabilities = new WorkerCapabilities(), Slots = 1 }];

        Assert.Equal(ExitCode.Passed, await lb.Run("drain", "w-1", "--deadline", "90", "--reason", "new disk"));
        Assert.Equal(ExitCode.Passed, await lb.Run("resume", "w-1"));

        Assert.Equal(["POST /api/workers/w-1/drain?reason=new%20disk&deadlineSeconds=90", "POST /api/workers/w-1/resume"], scheduler.Requests);
        using var other = Lb.At(scheduler);
        Assert.Equal(ExitCode.BadInput, await other.Run("drain", "w-2"));
        Assert.Contains("No worker w-2", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_that_no_worker_could_run_is_warned_of_at_once()
    {
        scheduler.Impossible = test => test.TestId == "b" ? "no registered worker could run it: nearest is w-1" : null;

        await lb.Run("submit", directory.File("suite.yaml", ThreeTests));

        Assert.Contains("warning  b: no registered worker could run it: nearest is w-1", lb.Error + lb.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("warning  a", lb.Error + lb.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rebalance_tells_what_is_recalled_and_why()
    {
        Assert.Equal(ExitCode.Passed, await lb.Run("rebalance"));
        Assert.Contains("nothing has to move", lb.Out + lb.Error, StringComparison.Ordinal);

        scheduler.Moves = [new MoveView(Guid.NewGuid(), 2, "w-1", "w-2", 12.34, "recalled from w-1: it has not started")];
        using var other = Lb.At(scheduler);
        Assert.Equal(ExitCode.Passed, await other.Run("rebalance"));
        Assert.Contains("w-2", other.Out, StringComparison.Ordinal);
        Assert.Contains("12.3 s", other.Out, StringComparison.Ordinal);

        using var third = Lb.At(scheduler);
        Assert.Equal(ExitCode.Passed, await third.Run("rebalance", "--json"));
        Assert.Equal("w-1", JsonDocument.Parse(third.Out).RootElement.GetProperty("recalled")[0].GetProperty("from").GetString());
    }

    [Fact]
    public async Task A_token_is_sent_and_a_missing_one_is_explained()
    {
        scheduler.RequiredToken = "secret";

        Assert.Equal(ExitCode.BadInput, await lb.Run("workers"));
        Assert.Contains("Set LB_TOKEN", lb.Error, StringComparison.Ordinal);

        lb.Variables["LB_TOKEN"] = "secret";
        Assert.Equal(ExitCode.Passed, await lb.Run("workers"));
    }

    [Fact]
    public async Task A_refused_connection_is_3_and_names_address_and_setting()
    {
        var started = Stopwatch.GetTimestamp();
        lb.Variables["LB_URL"] = "http://127.0.0.1:1";

        Assert.Equal(ExitCode.Unreachable, await lb.Run("submit", Suite(ThreeTests), "--watch"));

        Assert.True(Stopwatch.GetElapsedTime(started) < UnreachableIsTold);
        Assert.Contains("http://127.0.0.1:1/", lb.Error, StringComparison.Ordinal);
        Assert.Contains("LB_URL", lb.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scheduler_that_accepts_and_never_answers_is_3()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var started = Stopwatch.GetTimestamp();

        Assert.Equal(ExitCode.Unreachable, await lb.Run("workers", "--url", $"http://{silent.LocalEndpoint}"));

        Assert.True(Stopwatch.GetElapsedTime(started) < UnreachableIsTold);
        Assert.Contains("no answer within 8 s", lb.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_is_not_there_is_3_and_its_password_is_not_shown()
    {
        lb.Variables["LB_BROKER"] = "amqp://me:hunter2@127.0.0.1:1/vhost";

        Assert.Equal(ExitCode.Unreachable, await lb.Run("submit", Suite(ThreeTests)));

        Assert.Contains("amqp://me:***@127.0.0.1:1/vhost", lb.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", lb.Error, StringComparison.Ordinal);
        Assert.Empty(scheduler.Submitted);
    }

    private string Suite(string text) => directory.File("suite.yaml", text);
}
