using System.Collections.Concurrent;
using LoadBalancer.Scheduler.Fleet;

namespace LoadBalancer.Scheduler.Tests.Fleet;

public sealed class ReportOrderTests
{
    private readonly ReportOrder order = new();
    private readonly ConcurrentQueue<string> handled = [];

    [Fact]
    public async Task What_is_said_of_one_run_is_handled_in_the_order_in_which_it_came()
    {
        var (run, start) = (Guid.NewGuid(), new TaskCompletionSource());
        var started = order.OfRunAsync("w", run, () => HandleAsync("started", start.Task));
        var finished = order.OfRunAsync("w", run, () => HandleAsync("finished"));
        var other = order.OfRunAsync("w", Guid.NewGuid(), () => HandleAsync("other"));

        // Of another run it need not wait.
        await other;
        Assert.Equal(["other"], handled);
        start.SetResult();
        await Task.WhenAll(started, finished);
        Assert.Equal(["other", "started", "finished"], handled);
    }

    [Fact]
    public async Task A_session_begins_after_what_its_worker_said_before_and_before_what_it_says_later()
    {
        var (earlier, registration) = (new TaskCompletionSource(), new TaskCompletionSource());
        var before = order.OfRunAsync("w", Guid.NewGuid(), () => HandleAsync("before", earlier.Task));
        var begins = order.OfWorkerAsync("w", () => HandleAsync("begins", registration.Task));
        var after = order.OfRunAsync("w", Guid.NewGuid(), () => HandleAsync("after"));
        await order.OfRunAsync("another", Guid.NewGuid(), () => HandleAsync("another"));

        earlier.SetResult();
        await before;
        Assert.Equal(["another", "before"], handled);
        registration.SetResult();
        await Task.WhenAll(begins, after);
        Assert.Equal(["another", "before", "begins", "after"], handled);
    }

    [Fact]
    public async Task What_fails_is_told_to_whoever_said_it_and_holds_up_nothing()
    {
        var run = Guid.NewGuid();
        var failing = order.OfRunAsync("w", run, () => throw new InvalidOperationException("refused"));
        await order.OfRunAsync("w", run, () => HandleAsync("next"));

        Assert.Equal("refused", (await Assert.ThrowsAsync<InvalidOperationException>(() => failing)).Message);
        Assert.Equal(["next"], handled);
    }

    private async Task HandleAsync(string what, Task? when = null)
    {
        await (when ?? Task.CompletedTask);
        handled.Enqueue(what);
    }
}
