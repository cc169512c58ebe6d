using System.Xml.Linq;
using LoadBalancer.Cli.Reports;
using LoadBalancer.Cli.Terminals;
using LoadBalancer.Cli.Verbs;
using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;
using Microsoft.Extensions.Time.Testing;
using Spectre.Console;

namespace LoadBalancer.Cli.Tests;

public sealed class ReportTests : IDisposable
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero));
    private readonly StringWriter text = new();

    [Fact]
    public void JUnit_is_well_formed_and_sorts_each_end_into_its_element()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("out.xml");

        JUnitReport.Write(path,
        [
            new(Run("a", RunStates.Completed)),
            new(Run("a", RunStates.Completed), Skipped: true),
            new(Run("b\u0001\ud800<&>", RunStates.Failed, FailureKinds.TestFailed, "exit \u001b[31m1"), new RunOutput { Attempt = 1, Head = "he\u0000ad]]>", Tail = "tail" }),
            new(Run("c", RunStates.Failed, FailureKinds.TimedOut)),
            new(Run("d", RunStates.Failed, FailureKinds.Unschedulable, "no worker has tpu")),
            new(Run("e", RunStates.Cancelled)),
            new(Run("f", RunStates.Running)),
            new(Run("g", RunStates.Refused)),
        ], time.GetUtcNow());

        var suite = XDocument.Load(path).Root!.Element("testsuite")!;
        Assert.Equal(("8", "2", "2", "3"), ((string)suite.Attribute("tests")!, (string)suite.Attribute("failures")!, (string)suite.Attribute("errors")!, (string)suite.Attribute("skipped")!));
        Assert.Equal(["a", "a #2", "b<&>", "c", "d", "e", "f", "g"], suite.Elements("testcase").Select(test => (string)test.Attribute("name")!));
        Assert.Equal("exit 1", (string)suite.Descendants("failure").First().Attribute("message")!);
        Assert.Contains("head]]>", (string)suite.Descendants("system-out").Single(), StringComparison.Ordinal);
        Assert.Contains("not ended", (string)suite.Elements("testcase").Single(test => (string)test.Attribute("name")! == "f").Element("skipped")!.Attribute("message")!, StringComparison.Ordinal);
        Assert.Equal("2.5", (string)suite.Elements("testcase").First().Attribute("time")!);
        Assert.Equal(["out.xml"], directory.Names);
    }

    [Fact]
    public void The_result_table_has_worker_wait_and_run_time_and_ends_with_failures_and_totals()
    {
        var output = Plain();

        ResultTable.Write(output,
        [
            new(Run("unit/[a]", RunStates.Completed)),
            new(Run("unit/b", RunStates.Failed, FailureKinds.TestFailed, "exit code 1"), new RunOutput { Attempt = 1, Head = "expected 1\n\u001b[31mgot 2\u001b[0m\n" }),
        ]);

        var lines = text.ToString().Split('\n');
        Assert.Matches(@"^TEST\s+STATE\s+WORKER\s+ATTEMPTS\s+WAIT\s+RUN\s+REASON$", lines[0]);
        Assert.Matches(@"^unit/\[a\]\s+Completed\s+w1\s+1\s+1\.5s\s+2\.5s$", lines[1]);
        Assert.Matches(@"^unit/b\s+Failed TestFailed\s+w1\s+1\s+1\.5s\s+2\.5s\s+exit code 1$", lines[2]);
        Assert.Contains("  | got 2", lines);
        Assert.StartsWith("2 runs: 1 completed, 1 failed in 4.0s; ran 5.0s on 1 worker, longest wait 1.5s", lines[^2], StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_cut_or_wrapped_where_no_person_reads()
    {
        var longReason = string.Join(' ', Enumerable.Repeat("reason", 100));

        Plain().Write(ResultTable.Of([Run(new string('t', 256), RunStates.Failed, FailureKinds.Unschedulable, longReason)]));

        Assert.Equal(2, text.ToString().TrimEnd().Split('\n').Length);
        Assert.Contains(longReason, text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_simulated_device_says_so_in_the_table_of_workers()
    {
        var gpu = new Accelerator { Type = "cuda", Id = "0", Model = "sim", MemoryGb = 24, Simulated = true };
        var worker = new WorkerView
        {
            WorkerId = "sim-gpu-1",
            Status = "alive",
            Slots = 4,
            LastHeartbeatAt = time.GetUtcNow().AddSeconds(-2),
            Capabilities = new WorkerCapabilities { CpuCores = 4, MemoryGb = 32, Accelerators = [gpu, gpu with { Id = "1" }] },
        };

        Plain().Write(WorkersVerb.Table([worker], time.GetUtcNow()));

        Assert.Contains("2 x cuda sim 24 GB (simulated)", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("2.0s ago", text.ToString(), StringComparison.Ordinal);
        Assert.Equal("cuda 1 (24 GB, simulated)", DeviceText.Of([new AssignedDevice("cuda", "1", 1, 24)], "sim-gpu-1", [worker]));
    }

    [Fact]
    public void Lines_tell_each_change_and_break_a_long_silence()
    {
        var view = new LineView(Plain());
        var board = RunBoard.Open();
        var run = Run("unit/a", RunStates.Running);
        board.Apply(run);

        view.Changed(run, board);
        time.Advance(LineView.LongestSilence - TimeSpan.FromSeconds(1));
        view.Tick(board);
        time.Advance(TimeSpan.FromSeconds(1));
        view.Tick(board);
        view.Tick(board);
        var ended = run with { State = RunStates.Failed, FailureKind = FailureKinds.TimedOut, Error = "ran longer than 2 s", Attempt = 2, Sequence = 9 };
        board.Apply(ended);
        view.Changed(ended, board);

        Assert.Equal(
        [
            "  0.0s  [0/1] Running    unit/a on w1",
            " 30.0s  nothing changed for 30.0s; 1 run: 1 running",
            " 30.0s  [1/1] Failed TimedOut unit/a on w1 (attempt 2), waited 1.5s, ran 2.5s: ran longer than 2 s",
        ], text.ToString().TrimEnd().Split('\n'));
    }

    [Fact]
    public void The_live_block_shows_bar_counts_workers_and_failures()
    {
        var board = RunBoard.Open();
        board.Apply(Run("unit/running", RunStates.Running) with { StartedAt = time.GetUtcNow().AddSeconds(-4) });
        board.Apply(Run("unit/done", RunStates.Completed));
        board.Apply(Run("unit/\u001b[2Jbroken", RunStates.Failed, FailureKinds.TestFailed, "exit code 1"));

        var output = Plain();
        output.Data.Write(new LiveView(output, "demo").Block(board));

        Assert.Contains("demo  ██████████████████████████░░░░░░░░░░░░░░  2/3", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("3 runs: 1 completed, 1 failed, 1 running", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("w1  unit/running 4.0s", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("Failed TestFailed  unit/broken  exit code 1", text.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public void A_table_is_drawn_on_a_terminal_of_any_width(int width)
    {
        var output = new Output(Terminal(text) with { OutIsTerminal = true, Width = width }, json: false, plain: false, noColor: true);

        output.Write(ResultTable.Of([Run("regression/hangs-on-empty-cart", RunStates.Failed, FailureKinds.Unschedulable, "no worker has a tpu")]));

        Assert.Contains("Failed", text.ToString(), StringComparison.Ordinal);
        Assert.Equal(width == 120, text.ToString().Contains("regression/hangs-on-empty-cart", StringComparison.Ordinal));
    }

    [Fact]
    public void Colour_is_used_on_a_terminal_and_not_with_NO_COLOR()
    {
        string Rendered(params string[] variables)
        {
            var written = new StringWriter();
            var terminal = Terminal(written) with { OutIsTerminal = true, ErrorIsTerminal = true, Variable = name => variables.Contains(name) ? "1" : null };
            new Output(terminal, json: false, plain: false, noColor: false).Write(ResultTable.Of([Run("a", RunStates.Failed)]));
            return written.ToString();
        }

        Assert.Contains("\u001b[", Rendered(), StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[3", Rendered("NO_COLOR"), StringComparison.Ordinal);
    }

    public void Dispose() => text.Dispose();

    private Output Plain() => new(Terminal(text), json: false, plain: true, noColor: false);

    private Terminal Terminal(TextWriter writer) =>
        new() { In = TextReader.Null, Out = writer, Error = writer, Variable = _ => null, Time = time };

    private RunSummary Run(string testId, string state, string? failureKind = null, string? error = null) => new()
    {
        RunId = Guid.NewGuid(),
        TestId = testId,
        Suite = "s",
        State = state,
        FailureKind = failureKind,
        Error = error,
        Attempt = 1,
        WorkerId = "w1",
        SubmittedAt = time.GetUtcNow(),
        StartedAt = time.GetUtcNow().AddSeconds(1.5),
        EndedAt = time.GetUtcNow().AddSeconds(4),
        WaitSeconds = 1.5,
        RunSeconds = 2.5,
        Sequence = 5,
    };
}
