using System.Text;
using RabbitMQ.Client;

namespace LoadBalancer.Chaos.Load;

/// <summary>Publishes in plain AMQP and waits for the broker's confirmation.</summary>
internal sealed class AmqpDoor(Uri broker) : IDoor
{
    private static readonly TimeSpan ConfirmLimit = TimeSpan.FromSeconds(10);
    private static readonly CreateChannelOptions Confirmed =
        new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);

    private IConnection? connection;
    private IChannel? channel;

    public async Task<bool> TrySendAsync(string body, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConfirmLimit);
        try
        {
            connection ??= await Factory().CreateConnectionAsync(limit.Token);
            channel ??= await connection.CreateChannelAsync(Confirmed, limit.Token);
            await channel.BasicPublishAsync(
                "submit-test",
                "",
                mandatory: true,
                new BasicProperties { ContentType = "application/json", DeliveryMode = DeliveryModes.Persistent },
                Encoding.UTF8.GetBytes(body),
                limit.Token);
            return true;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it was, the answer is the same: nothing is confirmed, so it is sent again on a new connection.
            await DisposeAsync();
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        var (openChannel, openConnection) = (channel, connection);
        (channel, connection) = (null, null);
        await Abandoning.DisposeAsync(openChannel, openConnection);
    }

    private ConnectionFactory Factory() => new() { Uri = broker, ClientProvidedName = "chaos-submitter", AutomaticRecoveryEnabled = false };
}
