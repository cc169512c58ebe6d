using System.Diagnostics;
using LoadBalancer.Worker.Processes;

namespace LoadBalancer.Worker.Tests.Processes;

public sealed class GuardTests
{
    [Fact]
    public async Task When_the_worker_is_killed_everything_it_started_dies()
    {
        var mark = new ProcessMark(Guid.NewGuid().ToString("N"));
        using var worker = Feeder.Start(mark);
        await Eventually.HoldsAsync(() => mark.Bearers().Count >= 3, "the children run");

        Signals.Send(worker.Id, Signals.Kill);

        await Eventually.HoldsAsync(() => mark.Bearers().Count == 0, "the children are dead");
    }

    [Fact]
    public async Task A_child_that_was_not_let_through_the_gate_ends_without_running()
    {
        using var folder = new TemporaryFolder();
        var mark = new ProcessMark(Guid.NewGuid().ToString("N"));
        using var worker = Feeder.Start(mark, folder["ran"]);
        await Eventually.HoldsAsync(() => mark.Bearers().Count >= 1, "the gate waits");

        Signals.Send(worker.Id, Signals.Kill);

        await Eventually.HoldsAsync(() => mark.Bearers().Count == 0, "the gate is gone");
        Assert.False(File.Exists(folder["ran"]));
    }

    [Fact]
    public async Task A_guard_that_was_killed_is_replaced_at_the_next_start()
    {
        var mark = new ProcessMark(Guid.NewGuid().ToString("N"));
        using var guard = new Guard(mark, TimeProvider.System);
        await using var first = await SleeperAsync(guard, mark);
        var old = guard.ProcessId!.Value;
        await KillAsync(guard);

        await using var second = await SleeperAsync(guard, mark);
        Assert.NotEqual(old, guard.ProcessId);
        guard.Dispose();

        await first.ExitedAsync(TestContext.Current.CancellationToken);
        await second.ExitedAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_fence_that_is_not_moved_kills_the_children_and_the_guard_guards_on()
    {
        var mark = new ProcessMark(Guid.NewGuid().ToString("N"));
        using var guard = new Guard(mark, TimeProvider.System);
        await using var gone = await DaemonAsync(guard, mark);
        var shell = guard.ProcessId;

        guard.Fence(TimeSpan.FromMilliseconds(300));
        await gone.ExitedAsync(TestContext.Current.CancellationToken);
        await Eventually.HoldsAsync(() => mark.Bearers().Count == 0, "its daemon is dead too");

        await using var next = await DaemonAsync(guard, mark);
        guard.Fence(TimeSpan.FromSeconds(20));
        guard.Fence(TimeSpan.FromMilliseconds(300));
        await next.ExitedAsync(TestContext.Current.CancellationToken);
        Assert.Equal(shell, guard.ProcessId);
    }

    [Fact]
    public async Task A_fence_that_is_moved_in_time_or_lifted_kills_nothing()
    {
        var mark = new ProcessMark(Guid.NewGuid().ToString("N"));
        using var guard = new Guard(mark, TimeProvider.System);
        await using var child = await SleeperAsync(guard, mark);
        await using var unfenced = await SleeperAsync(guard, new ProcessMark(Guid.NewGuid().ToString("N")));
        var started = TimeProvider.System.GetTimestamp();

        guard.Fence(TimeSpan.FromMilliseconds(400));
        while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(1))
        {
            guard.Fence(TimeSpan.FromMilliseconds(400));
            await Eventually.HoldsAsync(() => Signals.Send(child.Id, 0), "the child lives");
        }

        guard.LiftFence();
        await FencePassedAsync();
        Assert.True(Signals.Send(child.Id, 0));

        // Another guard with the same fence has fired and seen its child dead.
        async Task FencePassedAsync()
        {
            var otherMark = new ProcessMark(Guid.NewGuid().ToString("N"));
            using var other = new Guard(otherMark, TimeProvider.System);
            await using var victim = await SleeperAsync(other, otherMark);
            other.Fence(TimeSpan.FromMilliseconds(600));
            await victim.ExitedAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_guard_that_replaces_a_killed_one_knows_its_fence_and_its_children()
    {
        var mark = new ProcessMark(Guid.NewGuid().ToString("N"));
        using var guard = new Guard(mark, TimeProvider.System);
        await using var first = await SleeperAsync(guard, mark);
        guard.Fence(TimeSpan.FromSeconds(2));
        await KillAsync(guard);

        await using var second = await SleeperAsync(guard, mark);
        await first.ExitedAsync(TestContext.Current.CancellationToken);
        await second.ExitedAsync(TestContext.Current.CancellationToken);

        await using var third = await SleeperAsync(guard, mark);
        await KillAsync(guard);
        guard.Fence(TimeSpan.FromMilliseconds(100));
        await third.ExitedAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_guard_that_ends_leaves_no_sleeper_behind()
    {
        var mark = new ProcessMark(Guid.NewGuid().ToString("N"));
        var guard = new Guard(mark, TimeProvider.System);
        await using (await SleeperAsync(guard, mark))
        {
            guard.Fence(TimeSpan.FromSeconds(1000));
            // An earlier fence replaces its sleeper, which must have begun to sleep to be left over.
            await Eventually.HoldsAsync(() => mark.Bearers().Count == 2, "the first sleeper sleeps");
            guard.Fence(TimeSpan.FromSeconds(900));
            await Eventually.HoldsAsync(() => mark.Bearers().Count == 3, "the sleepers sleep");
        }

        guard.Dispose();

        await Eventually.HoldsAsync(() => mark.Bearers().Count == 0, "they are gone");
    }

    [Fact]
    public async Task A_group_that_was_taken_back_is_left_alone()
    {
        var mark = new ProcessMark(Guid.NewGuid().ToString("N"));
        using var guard = new Guard(mark, TimeProvider.System);
        await using var child = await SleeperAsync(guard, new ProcessMark(Guid.NewGuid().ToString("N")));
        guard.Add(int.MaxValue, mark.ForChild());
        guard.Remove(child.Id);
        using (var shell = Process.GetProcessById(guard.ProcessId!.Value))
        {
            guard.Dispose();
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.True(Signals.Send(child.Id, 0));
    }

    private static async Task KillAsync(Guard guard)
    {
        using var shell = Process.GetProcessById(guard.ProcessId!.Value);
        Signals.Send(shell.Id, Signals.Kill);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A child with a descendant that left its process group.</summary>
    private static async Task<ChildProcess> DaemonAsync(Guard guard, ProcessMark mark)
    {
        var environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" };
        var command = new ProcessCommand("/bin/sh", ["-c", "trap '' TERM; setsid sleep 1000 & sleep 1000"], environment, "/");
        var child = await ChildProcess.StartAsync(command, guard, mark, TimeProvider.System);
        await Eventually.HoldsAsync(() => mark.Bearers().Count >= 3, "its daemon runs");
        return child;
    }

    private static Task<ChildProcess> SleeperAsync(Guard guard, ProcessMark mark) =>
        ChildProcess.StartAsync(
            new ProcessCommand("/bin/sleep", ["1000"], new Dictionary<string, string>(), "/"), guard, mark, TimeProvider.System);
}
