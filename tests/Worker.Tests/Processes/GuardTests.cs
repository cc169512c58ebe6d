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
        using var guard = new Guard(mark);
        await using var first = await SleeperAsync(guard, mark);
        var old = guard.ProcessId!.Value;
        using (var shell = Process.GetProcessById(old))
        {
            Signals.Send(old, Signals.Kill);
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await using var second = await SleeperAsync(guard, mark);
        Assert.NotEqual(old, guard.ProcessId);
        guard.Dispose();

        await first.ExitedAsync(TestContext.Current.CancellationToken);
        await second.ExitedAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_group_that_was_taken_back_is_left_alone()
    {
        var mark = new ProcessMark(Guid.NewGuid().ToString("N"));
        using var guard = new Guard(mark);
        await using var child = await SleeperAsync(guard, new ProcessMark("another"));
        guard.Add(int.MaxValue);
        guard.Remove(child.Id);
        using (var shell = Process.GetProcessById(guard.ProcessId!.Value))
        {
            guard.Dispose();
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.True(Signals.Send(child.Id, 0));
    }

    private static Task<ChildProcess> SleeperAsync(Guard guard, ProcessMark mark) =>
        ChildProcess.StartAsync(
            new ProcessCommand("/bin/sleep", ["1000"], new Dictionary<string, string>(), "/"), guard, mark, TimeProvider.System);
}
