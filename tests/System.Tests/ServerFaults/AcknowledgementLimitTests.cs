using LoadBalancer.System.Tests.Servers;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>The broker closes the channel of whoever does not acknowledge in time what he was given.</summary>
public sealed class AcknowledgementLimitTests(TestServers servers, OwnBroker broker) : ServerFaultTest(servers), IClassFixture<OwnBroker>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    private protected override BrokerServer BrokerServer => broker.Server;

    [Fact]
    public async Task Tests_that_run_for_longer_than_the_limit_hold_no_delivery()
    {
        await broker.Program.LimitAcknowledgementsAsync(Limit, look: TimeSpan.FromSeconds(1));
        var (closedBefore, scheduler) = (Closed, await StartSchedulerAsync());
        await StartSteadyWorkerAsync(scheduler, "w1");
        await SubmitRunningAsync(scheduler, 3, "gate");

        // What was delivered after the tests had started is too late before they end.
        await SomebodyIsTooLateAsync();
        Journal.Open("gate");

        await EachEndsOnceAsync(scheduler);
        Assert.Equal(1, Closed - closedBefore);
    }

    [Fact]
    public async Task Submissions_that_wait_for_the_database_for_longer_than_the_limit_are_delivered_again_and_run_once()
    {
        // Sooner than the scheduler gives them back by itself.
        await broker.Program.LimitAcknowledgementsAsync(Limit / 2, look: TimeSpan.FromSeconds(1));
        var (closedBefore, scheduler) = (Closed, await StartSchedulerAsync());
        await StartSteadyWorkerAsync(scheduler, "w1");

        await Database.CloseAsync();
        await SubmitAsync(Journal.Tests("held", 40));
        await Eventually.TrueAsync("the broker has closed a channel of the scheduler", () => Closed > closedBefore);
        await scheduler.WaitUntilNotReadyAsync("another scheduler may lead");
        await Database.OpenAsync();

        await EachEndsOnceAsync(scheduler);
        await scheduler.WaitUntilReadyAsync();
    }

    private int Closed => broker.Program.Log.Split("timed out waiting for delivery acknowledgement").Length - 1;

    /// <summary>Takes a message and keeps it, until its channel is closed.</summary>
    private async Task SomebodyIsTooLateAsync()
    {
        var closed = new TaskCompletionSource<ShutdownEventArgs>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var channel = await Client.NewChannelAsync();
        channel.ChannelShutdownAsync += (_, reason) =>
        {
            closed.TrySetResult(reason);
            return Task.CompletedTask;
        };
        var queue = await channel.QueueDeclareAsync();
        await channel.BasicConsumeAsync(queue.QueueName, autoAck: false, new AsyncEventingBasicConsumer(channel), TestContext.Current.CancellationToken);
        await channel.BasicPublishAsync("", queue.QueueName, "kept"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Contains("timeout", (await closed.Task.WaitAsync(Eventually.Limit)).ReplyText, StringComparison.Ordinal);
    }
}
