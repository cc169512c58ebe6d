using System.Text.Json;
using LoadBalancer.Chaos.Judging;
using LoadBalancer.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace LoadBalancer.Chaos.Load;

/// <summary>
/// Follows <c>test-events</c> through a durable queue of its own, so that nothing is missed while the broker is away. A quorum queue,
/// and bound some seconds before the first fault: a young queue may not survive a crash of the broker.
/// </summary>
internal sealed class EventStream(Uri broker, TimeProvider time)
{
    private const string Queue = "chaos-events";
    private const ushort Prefetch = 200;

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    private readonly Lock gate = new();
    private readonly List<Change> changes = [];
    private readonly HashSet<Guid> ended = [];
    private readonly TaskCompletionSource bound = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the queue exists and is bound.</summary>
    public Task Bound => bound.Task;

    /// <summary>In the order of arrival, repeats and all.</summary>
    public IReadOnlyList<Change> Changes
    {
        get
        {
            lock (gate)
                return [.. changes];
        }
    }

    public bool HasEnded(Guid runId)
    {
        lock (gate)
            return ended.Contains(runId);
    }

    /// <summary>Follows, connecting again as often as needed, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(cancellationToken);
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                // The broker is away; what is not acknowledged comes again.
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(RetryPause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory { Uri = broker, ClientProvidedName = "chaos-events", AutomaticRecoveryEnabled = false };
        var connection = await factory.CreateConnectionAsync(cancellationToken);
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            var lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            channel.ChannelShutdownAsync += (_, _) =>
            {
                lost.TrySetResult();
                return Task.CompletedTask;
            };
            await ConsumeAsync(channel, cancellationToken);
            bound.TrySetResult();
            await lost.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            await Abandoning.DisposeAsync(channel, connection);
        }
    }

    private async Task ConsumeAsync(IChannel channel, CancellationToken cancellationToken)
    {
        var arguments = new Dictionary<string, object?> { ["x-queue-type"] = "quorum" };
        await channel.QueueDeclareAsync(
            Queue, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellationToken);
        await channel.QueueBindAsync(Queue, "test-events", "#", cancellationToken: cancellationToken);
        await channel.BasicQosAsync(0, Prefetch, global: false, cancellationToken);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            Keep(JsonSerializer.Deserialize<TestRunsChanged>(delivery.Body.Span, JsonSerializerOptions.Web)!);
            await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false, CancellationToken.None);
        };
        await channel.BasicConsumeAsync(Queue, autoAck: false, consumer, cancellationToken);
    }

    private void Keep(TestRunsChanged message)
    {
        lock (gate)
        {
            foreach (var change in message.Changes)
            {
                changes.Add(new Change(
                    change.RunId, change.Sequence, change.State, change.Attempt, change.WorkerId, change.FailureKind, change.Reason));
                if (RunStates.IsTerminal(change.State))
                    ended.Add(change.RunId);
            }
        }
    }
}
