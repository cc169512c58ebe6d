using LoadBalancer.Contracts;
using LoadBalancer.Worker.Processes;

namespace LoadBalancer.Worker.Tests.Executors;

/// <summary>Real child processes. After every run the bench checks that none of them is left.</summary>
public sealed class ProcessExecutorTests : IDisposable
{
    private readonly ProcessBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task Exit_code_0_is_passed_and_the_output_is_kept_in_the_order_of_arrival()
    {
        var finished = await bench.RunAsync("echo one; echo two >&2; echo three");

        Assert.Equal((TestOutcome.Passed, 0), (finished.Outcome, finished.ExitCode));
        Assert.Equal("one\ntwo\nthree\n", finished.OutputHead);
        Assert.Equal("", finished.OutputTail);
        Assert.True(finished.DurationSeconds > 0);
    }

    [Theory]
    [InlineData("exit 3", TestOutcome.Failed, 3)]
    [InlineData("exit 77", TestOutcome.Skipped, 77)]
    [InlineData("kill -SEGV $$", TestOutcome.Failed, 139)]
    public async Task The_exit_code_decides(string script, TestOutcome outcome, int exitCode)
    {
        var finished = await bench.RunAsync(ProcessBench.Shell(script) with { SkippedExitCodes = [77] });

        Assert.Equal((outcome, exitCode), (finished.Outcome, finished.ExitCode));
    }

    [Fact]
    public async Task A_test_that_ignores_TERM_is_killed_after_the_grace_and_its_last_output_is_kept()
    {
        var finished = await bench.RunAsync("trap '' TERM; echo begun; while :; do sleep 0.05; done", timeoutSeconds: 0.3);

        Assert.Equal(TestOutcome.TimedOut, finished.Outcome);
        Assert.Contains("0.3 s", finished.Error, StringComparison.Ordinal);
        Assert.StartsWith("begun", finished.OutputHead, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_may_clean_up_when_it_is_asked_to_end()
    {
        var finished = await bench.RunAsync("trap 'echo cleaned; exit 0' TERM; while :; do sleep 0.02; done", timeoutSeconds: 0.3);

        Assert.Equal(TestOutcome.TimedOut, finished.Outcome);
        Assert.Contains("cleaned", finished.OutputHead, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_is_stopped_on_request()
    {
        using var stop = new CancellationTokenSource();
        var running = bench.RunUntilAsync(ProcessBench.Run(ProcessBench.Shell("sleep 1000")), stop.Token);
        await Eventually.HoldsAsync(() => bench.Mark.Bearers().Count > 0, "the process runs");
        await stop.CancelAsync();

        Assert.Equal(TestOutcome.Stopped, (await running).Outcome);
    }

    [Fact]
    public async Task Grandchildren_and_daemons_do_not_outlive_their_test()
    {
        var finished = await bench.RunAsync("sleep 1000 & setsid sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000' &) ; echo done");

        Assert.Equal(TestOutcome.Passed, finished.Outcome);
        Assert.Equal("done\n", finished.OutputHead);
    }

    [Fact]
    public async Task A_flood_of_output_is_bounded_and_does_not_block_the_test()
    {
        var finished = await bench.RunAsync("echo first; head -c 50000000 /dev/zero | tr '\\0' 'x'; echo; echo last");

        Assert.Equal(TestOutcome.Passed, finished.Outcome);
        Assert.StartsWith("first\n", finished.OutputHead, StringComparison.Ordinal);
        Assert.EndsWith("last\n", finished.OutputTail, StringComparison.Ordinal);
        Assert.Contains("truncated", finished.OutputTail, StringComparison.Ordinal);
        Assert.InRange(finished.OutputHead.Length + finished.OutputTail.Length, 0, (2 * BoundedOutput.DefaultLimit) + 100);
    }

    [Theory]
    [InlineData("$(touch /tmp/should-not-be)")]
    [InlineData("a;b|c&d > e\nf \"g\" 'h' `i`")]
    [InlineData("")]
    public async Task Arguments_are_literal(string argument)
    {
        var finished = await bench.RunAsync(new TestCommand { Executable = "printf", Arguments = ["%s", argument] });

        Assert.Equal(argument, finished.OutputHead);
    }

    [Fact]
    public async Task A_NUL_in_an_argument_is_refused()
    {
        var finished = await bench.RunAsync(new TestCommand { Executable = "echo", Arguments = ["a", "b\0c"] });

        Assert.Equal(TestOutcome.WorkerError, finished.Outcome);
        Assert.Contains("argument 2", finished.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-program")]
    [InlineData("/etc/passwd")]
    [InlineData("./missing")]
    [InlineData("")]
    public async Task What_cannot_be_executed_is_named(string executable)
    {
        var finished = await bench.RunAsync(new TestCommand { Executable = executable });

        Assert.Equal(TestOutcome.WorkerError, finished.Outcome);
        Assert.Contains($"'{executable}' was not found", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_without_a_command_says_which_test_type_has_no_executor()
    {
        var finished = await bench.RunAsync(ProcessBench.Run(null) with { TestType = "quantum" });

        Assert.Equal(TestOutcome.WorkerError, finished.Outcome);
        Assert.Contains("'quantum'", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_allowed_executables_are_started()
    {
        using var strict = new ProcessBench(new WorkerOptions { Id = "w1", AllowedExecutables = ["echo"] });

        Assert.Equal(TestOutcome.Passed, (await strict.RunAsync(new TestCommand { Executable = "echo" })).Outcome);
        var refused = await strict.RunAsync("true");
        Assert.Equal(TestOutcome.WorkerError, refused.Outcome);
        Assert.Contains("AllowedExecutables", refused.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../../etc")]
    [InlineData("/etc")]
    [InlineData("a/../../b")]
    public async Task A_working_directory_outside_the_run_is_refused(string directory)
    {
        var finished = await bench.RunAsync(ProcessBench.Shell("pwd") with { WorkingDirectory = directory });

        Assert.Equal(TestOutcome.WorkerError, finished.Outcome);
        Assert.Contains("leads out", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_directory_of_a_run_is_its_own_and_is_deleted_afterwards()
    {
        var finished = await bench.RunAsync(ProcessBench.Shell("pwd; touch file") with { WorkingDirectory = "sub/dir" });

        var directory = finished.OutputHead.Trim();
        Assert.StartsWith(bench.Folder["runs"], directory, StringComparison.Ordinal);
        Assert.EndsWith("-2/sub/dir", directory, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(bench.Folder["runs"]));
    }

    [Fact]
    public async Task The_process_learns_its_attempt_and_its_devices()
    {
        var script = "echo $LB_RUN_ID $LB_ATTEMPT $LB_TEST_ID $LB_WORKER_ID $LB_DEVICES $CUDA_VISIBLE_DEVICES $ROCR_VISIBLE_DEVICES $HIP_VISIBLE_DEVICES";
        var run = ProcessBench.Run(
            ProcessBench.Shell(script), devices: [new("cuda", "GPU-a", 1, 80), new("cuda", "GPU-b", 1, 80), new("rocm", "GPU-c", 1, 64)]);

        var finished = await bench.RunAsync(run);

        Assert.Equal($"{run.RunId} 2 suite/test w1 cuda:GPU-a,cuda:GPU-b,rocm:GPU-c GPU-a,GPU-b GPU-c 0\n", finished.OutputHead);
    }

    [Fact]
    public async Task A_test_without_devices_sees_none()
    {
        var finished = await bench.RunAsync("echo \"$CUDA_VISIBLE_DEVICES\" \"$HIP_VISIBLE_DEVICES\"");

        Assert.Equal("-1 -1\n", finished.OutputHead);
    }

    [Fact]
    public async Task Loader_hooks_and_what_is_ours_are_dropped_from_the_environment_and_said()
    {
        var command = ProcessBench.Shell("echo [$LD_PRELOAD][$DOTNET_STARTUP_HOOKS][$LB_WORKER_ID][$MINE]") with
        {
            Environment = new Dictionary<string, string>
            {
                ["LD_PRELOAD"] = "/tmp/evil.so",
                ["DOTNET_STARTUP_HOOKS"] = "/tmp/evil.dll",
                ["PATH"] = "/tmp",
                ["LB_WORKER_ID"] = "another",
                ["MINE"] = "kept",
            },
        };

        var finished = await bench.RunAsync(command);

        Assert.Equal("[dropped from the environment: LD_PRELOAD, DOTNET_STARTUP_HOOKS, PATH, LB_WORKER_ID]\n[][][w1][kept]\n", finished.OutputHead);
    }

    [Fact]
    public async Task A_hook_that_the_worker_allows_is_kept()
    {
        using var lenient = new ProcessBench(new WorkerOptions { Id = "w1", AllowedEnvironment = ["NODE_OPTIONS"] });

        var finished = await lenient.RunAsync(ProcessBench.Shell("echo $NODE_OPTIONS") with
        {
            Environment = new Dictionary<string, string> { ["NODE_OPTIONS"] = "--max-old-space-size=100" },
        });

        Assert.Equal("--max-old-space-size=100\n", finished.OutputHead);
    }

    [Fact]
    public async Task The_workers_own_environment_is_not_inherited()
    {
        Environment.SetEnvironmentVariable("LB_TEST_SECRET_OF_THE_WORKER", "secret");

        var finished = await bench.RunAsync("env");

        Assert.DoesNotContain("secret", finished.OutputHead, StringComparison.Ordinal);
        Assert.Contains("PATH=", finished.OutputHead, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_process_used_is_measured()
    {
        var finished = await bench.RunAsync("i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; sleep 0.5");

        Assert.InRange(finished.CpuSeconds, 0.02, 60);
        Assert.InRange(finished.PeakMemoryGb, 0.0001, 1);
    }

    [Fact]
    public async Task A_test_reads_an_empty_input()
    {
        var finished = await bench.RunAsync("read -r line && echo got $line || echo nothing");

        Assert.Equal("nothing\n", finished.OutputHead);
    }
}
