using LoadBalancer.Contracts;
using LoadBalancer.Worker.Processes;

namespace LoadBalancer.Worker.Tests.Executors;

/// <summary>Real child processes beside a kernel's count that the tests keep themselves.</summary>
public sealed class OutOfMemoryTests : IDisposable
{
    private const string Events = "sys/fs/cgroup/box/memory.events";

    private readonly TemporaryFolder root = new();

    public OutOfMemoryTests()
    {
        root.Write("proc/self/cgroup", "0::/box\n");
        root.Write(Events, "low 0\nhigh 0\nmax 7\noom 3\noom_kill 3\noom_group_kill 0\n");
    }

    private string KernelKills => $"echo oom_kill 4 > {root[Events]}";

    public void Dispose() => root.Dispose();

    [Fact]
    public async Task A_test_that_was_killed_while_the_kernel_killed_for_want_of_memory_ran_out_of_it()
    {
        var finished = await RunAsync($"{KernelKills}; kill -KILL $$");

        Assert.Equal((TestOutcome.OutOfMemory, 137), (finished.Outcome, finished.ExitCode));
        Assert.Contains("2.5 GB were reserved", finished.Error, StringComparison.Ordinal);
        Assert.Contains("minimumMemoryGb", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_that_killed_itself_did_not_run_out_of_memory()
    {
        var finished = await RunAsync("kill -KILL $$");

        Assert.Equal((TestOutcome.Failed, "ended by signal 9"), (finished.Outcome, finished.Error));
    }

    [Fact]
    public async Task A_test_that_failed_by_itself_is_told_what_was_killed_meanwhile()
    {
        var finished = await RunAsync($"{KernelKills}; exit 1");

        Assert.Equal((TestOutcome.Failed, 1), (finished.Outcome, finished.ExitCode));
        Assert.StartsWith("ended with exit code 1; while it ran, the kernel killed 1 process", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_that_survived_what_was_killed_meanwhile_has_passed() =>
        Assert.Equal(TestOutcome.Passed, (await RunAsync(KernelKills)).Outcome);

    [Fact]
    public async Task A_test_and_all_it_starts_are_offered_to_the_kernel_first()
    {
        Assert.SkipUnless(File.Exists("/proc/self/oom_score_adj"), "no such kernel");
        using var bench = new ProcessBench();

        Assert.Equal("1000\n", (await bench.RunAsync("setsid cat /proc/self/oom_score_adj")).OutputHead);
        Assert.NotEqual("1000", (await File.ReadAllTextAsync("/proc/self/oom_score_adj", TestContext.Current.CancellationToken)).Trim());
    }

    [Theory]
    [InlineData("0::/a/b", "sys/fs/cgroup/a/b/memory.events", 5)]
    [InlineData("0::/outside/of/the/container", "sys/fs/cgroup/memory.events", 5)]
    [InlineData("5:cpu,memory:/c", "sys/fs/cgroup/memory/c/memory.oom_control", 5)]
    [InlineData("4:memory:/outside/of/the/container", "sys/fs/cgroup/memory/memory.oom_control", 5)]
    [InlineData("4:pids:/a", "sys/fs/cgroup/memory/a/memory.oom_control", 9)]
    public void The_count_is_that_of_the_group_where_there_is_one(string group, string file, long count)
    {
        using var machine = new TemporaryFolder();
        machine.Write("proc/vmstat", "nr_free_pages 1\noom_kill 9\n");
        machine.Write("proc/self/cgroup", group + "\n");
        machine.Write(file, "oom_kill_disable 0\nunder_oom 0\noom 2\noom_kill 5\n");

        var kills = MemoryKills.Here(machine.Path);

        Assert.Equal((count, true, count == 9), (kills.Count(), kills.Known, kills.OfTheWholeMachine));
    }

    [Theory]
    [InlineData("1\n", true)]
    [InlineData("0\n", false)]
    public void A_group_that_is_killed_as_one_is_recognised(string setting, bool together)
    {
        root.Write("sys/fs/cgroup/box/memory.oom.group", setting);

        Assert.Equal(together, MemoryKills.Here(root.Path).KillsTheWorkerToo);
    }

    [Fact]
    public void Without_a_count_nothing_is_claimed()
    {
        using var machine = new TemporaryFolder();

        Assert.Equal((false, 0), (MemoryKills.Here(machine.Path).Known, MemoryKills.Here(machine.Path).Count()));
    }

    private async Task<TestFinished> RunAsync(string script)
    {
        using var bench = new ProcessBench(memoryKills: MemoryKills.Here(root.Path));
        return await bench.RunAsync(ProcessBench.Run(ProcessBench.Shell(script)) with { MemoryGb = 2.5 });
    }
}
