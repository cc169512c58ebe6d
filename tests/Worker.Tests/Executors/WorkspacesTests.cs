using LoadBalancer.Contracts;

namespace LoadBalancer.Worker.Tests.Executors;

public sealed class WorkspacesTests : IDisposable
{
    private readonly ProcessBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task A_revision_is_prepared_once_for_many_runs_at_a_time_and_later_ones()
    {
        var log = bench.Folder["log"];
        var workspace = new TestWorkspace { Revision = "abc", Prepare = ProcessBench.Shell($"echo prepared >> {log}; sleep 0.2; echo code > code") };
        var runs = Enumerable.Range(0, 5).Select(_ => bench.Executor.RunAsync(
            ProcessBench.Run(ProcessBench.Shell("cat code"), workspace: workspace), _ => { }, TestContext.Current.CancellationToken));

        var finished = await Task.WhenAll(runs);
        var later = await bench.RunAsync(ProcessBench.Run(ProcessBench.Shell("cat $LB_WORKSPACE/code"), workspace: workspace));

        Assert.All([.. finished, later], result => Assert.Equal((TestOutcome.Passed, "code\n"), (result.Outcome, result.OutputHead)));
        Assert.Equal("prepared\n", await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken));
        Assert.True(finished[0].PrepareSeconds >= 0.2);
    }

    [Fact]
    public async Task A_failed_preparation_is_reported_with_its_output_and_tried_again_by_the_next_run()
    {
        var flag = bench.Folder["flag"];
        var workspace = new TestWorkspace { Revision = "abc", Prepare = ProcessBench.Shell($"echo trying; [ -e {flag} ]") };

        var failed = await bench.RunAsync(ProcessBench.Run(ProcessBench.Shell("true"), workspace: workspace));
        await File.WriteAllTextAsync(flag, "", TestContext.Current.CancellationToken);
        var passed = await bench.RunAsync(ProcessBench.Run(ProcessBench.Shell("true"), workspace: workspace));

        Assert.Equal((TestOutcome.WorkerError, "trying\n"), (failed.Outcome, failed.OutputHead));
        Assert.Contains("'abc' ended with exit code 1", failed.Error, StringComparison.Ordinal);
        Assert.Equal(TestOutcome.Passed, passed.Outcome);
    }

    [Fact]
    public async Task A_preparation_that_nobody_waits_for_any_more_is_ended()
    {
        var workspace = new TestWorkspace { Revision = "abc", Prepare = ProcessBench.Shell("sleep 1000") };
        using var stop = new CancellationTokenSource();
        var run = bench.Executor.RunAsync(ProcessBench.Run(ProcessBench.Shell("true"), workspace: workspace), _ => { }, stop.Token);
        await Eventually.HoldsAsync(() => bench.Mark.Bearers().Count > 0, "the preparation runs");

        await stop.CancelAsync();

        Assert.Equal(TestOutcome.Stopped, (await run).Outcome);
        await Eventually.HoldsAsync(() => bench.Mark.Bearers().Count == 0, "the preparation is gone");
    }

    [Fact]
    public async Task A_link_that_leads_out_of_the_workspace_is_refused()
    {
        var workspace = new TestWorkspace { Revision = "abc", Prepare = ProcessBench.Shell("ln -s /etc out; mkdir in; ln -s in also-in") };

        var outside = await bench.RunAsync(ProcessBench.Run(ProcessBench.Shell("pwd") with { WorkingDirectory = "out" }, workspace: workspace));
        var inside = await bench.RunAsync(ProcessBench.Run(ProcessBench.Shell("pwd -P") with { WorkingDirectory = "also-in" }, workspace: workspace));
        var missing = await bench.RunAsync(ProcessBench.Run(ProcessBench.Shell("pwd") with { WorkingDirectory = "none" }, workspace: workspace));

        Assert.Contains("leads out", outside.Error, StringComparison.Ordinal);
        Assert.EndsWith("/in\n", inside.OutputHead, StringComparison.Ordinal);
        Assert.Contains("does not exist", missing.Error, StringComparison.Ordinal);
    }
}
