using LoadBalancer.Contracts;
using LoadBalancer.Worker.Reporting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Worker.Tests.Reporting;

public sealed class ReporterTests
{
    private readonly Guid session = Guid.NewGuid();
    private readonly List<(WorkerReport Report, Guid MessageId)> taken = [];

    [Fact]
    public async Task What_is_ready_travels_together_in_order_and_sessions_are_not_mixed()
    {
        var reporter = Reporter((report, id, _) => Take(report, id));
        var other = Guid.NewGuid();
        reporter.Say(session, Started(1));
        reporter.Say(session, Started(2));
        reporter.Say(other, Started(3));

        await RunUntilFlushedAsync(reporter);

        Assert.Equal([session, other], taken.Select(message => message.Report.SessionId));
        Assert.Equal([1, 2], taken[0].Report.Reports.Cast<TestStarted>().Select(started => started.Attempt));
    }

    [Fact]
    public async Task A_send_that_failed_or_never_ended_is_repeated_with_the_same_message_id_before_anything_else()
    {
        var time = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.Zero };
        var ids = new List<Guid>();
        var reporter = Reporter(
            (report, id, token) =>
            {
                ids.Add(id);
                return ids.Count switch
                {
                    1 => Task.FromException(new InvalidOperationException("no broker")),
                    2 => Task.Delay(Timeout.Infinite, token),
                    _ => Take(report, id),
                };
            },
            time);
        reporter.Say(session, Started(1));
        using var end = new CancellationTokenSource();
        var running = reporter.RunAsync(end.Token);
        await Eventually.HoldsAsync(() => ids.Count == 1, "the first send");
        reporter.Say(session, Started(2));

        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return taken.Count == 2;
            },
            "both reports are taken");

        Assert.Single(ids.Take(3).Distinct());
        Assert.Equal([1, 2], taken.SelectMany(message => message.Report.Reports).Cast<TestStarted>().Select(started => started.Attempt));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private Task Take(WorkerReport report, Guid messageId)
    {
        taken.Add((report, messageId));
        return Task.CompletedTask;
    }

    private static TestStarted Started(int attempt) => new() { RunId = Guid.NewGuid(), Attempt = attempt };

    private static Reporter Reporter(SendReport send, TimeProvider? time = null) =>
        new(send, "w1", 200, time ?? TimeProvider.System, NullLogger<Reporter>.Instance);

    private static async Task RunUntilFlushedAsync(Reporter reporter)
    {
        using var end = new CancellationTokenSource();
        var running = reporter.RunAsync(end.Token);
        await reporter.FlushAsync(TestContext.Current.CancellationToken);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }
}
