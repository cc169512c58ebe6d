using System.Collections.Concurrent;
using LoadBalancer.Scheduler.Bus;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Tests.Bus;

/// <summary>How often a message in trouble is handled again, and what becomes of it then.</summary>
public sealed class PassingTroubleTests
{
    [Fact]
    public async Task A_conflict_that_does_not_pass_is_kept_with_its_reason()
    {
        await using var queue = await TroubledQueue.StartAsync((message, _) => throw new DbUpdateConcurrencyException($"{message} is stored by somebody else"));

        await queue.SendAsync("w1");

        Assert.Equal("w1 is stored by somebody else", await queue.Kept);
        Assert.InRange(queue.Times("w1"), 2, 20);
    }

    [Fact]
    public async Task A_database_that_is_away_is_waited_for_whatever_conflicts_there_are_meanwhile()
    {
        await using var queue = await TroubledQueue.StartAsync((_, times) =>
        {
            if (times < 9)
                throw times % 3 == 0 ? new EndOfStreamException("away") : new DbUpdateConcurrencyException("stored by somebody else");
        });

        await queue.SendAsync("w1");

        Assert.Equal("w1", await queue.Handled);
        Assert.Equal(9, queue.Times("w1"));
        Assert.False(queue.Kept.IsCompleted);
    }

    public sealed record Said(string Text);

    /// <summary>A queue in memory that waits as the scheduler's queues do, and the first message of its <c>_error</c>.</summary>
    private sealed class TroubledQueue : IAsyncDisposable
    {
        private readonly ConcurrentDictionary<string, int> times = new();
        private readonly TaskCompletionSource<string> handled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<string> kept = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly IBusControl bus;

        private TroubledQueue(Action<string, int> handle) => bus = MassTransit.Bus.Factory.CreateUsingInMemory(memory =>
        {
            memory.ReceiveEndpoint("troubled", endpoint =>
            {
                endpoint.WaitForPassingTrouble(TestContext.Current.CancellationToken);
                endpoint.Handler<Said>(context =>
                {
                    handle(context.Message.Text, times.AddOrUpdate(context.Message.Text, 1, (_, before) => before + 1));
                    handled.TrySetResult(context.Message.Text);
                    return Task.CompletedTask;
                });
            });
            memory.ReceiveEndpoint("troubled_error", endpoint =>
            {
                endpoint.ConfigureConsumeTopology = false;
                endpoint.Handler<Said>(context =>
                {
                    kept.TrySetResult(context.ReceiveContext.TransportHeaders.Get<string>(MessageHeaders.FaultMessage) ?? "");
                    return Task.CompletedTask;
                });
            });
        });

        public Task<string> Handled => handled.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        public Task<string> Kept => kept.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        public static async Task<TroubledQueue> StartAsync(Action<string, int> handle)
        {
            var queue = new TroubledQueue(handle);
            await queue.bus.StartAsync(TestContext.Current.CancellationToken);
            return queue;
        }

        public int Times(string text) => times.GetValueOrDefault(text);

        public async Task SendAsync(string text) =>
            await (await bus.GetSendEndpoint(new Uri("queue:troubled"))).Send(new Said(text), TestContext.Current.CancellationToken);

        /// <summary>Whatever still waits in it.</summary>
        public async ValueTask DisposeAsync() => await bus.StopAsync(TimeSpan.FromSeconds(10));
    }
}
