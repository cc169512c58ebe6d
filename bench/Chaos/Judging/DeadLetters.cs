using LoadBalancer.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.Chaos.Judging;

/// <summary>Messages that the scheduler gave up on. No message here is bad, so each of them is a mistake of the scheduler.</summary>
internal static class DeadLetters
{
    private static readonly string[] Queues = [Names.SubmitTest, Names.CancelTest, Names.WorkerEvents, Names.WorkerHeartbeats];

    public static async Task<uint> CountAsync(Uri broker, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory { Uri = broker, ClientProvidedName = "chaos-dead-letters" };
        await using var connection = await factory.CreateConnectionAsync(cancellationToken);
        var count = 0u;
        foreach (var queue in Queues)
            count += await CountAsync(connection, $"{queue}_error", cancellationToken);
        return count;
    }

    /// <summary>The queue comes into being with its first message.</summary>
    private static async Task<uint> CountAsync(IConnection connection, string queue, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            return await channel.MessageCountAsync(queue, cancellationToken);
        }
        catch (OperationInterruptedException missing) when (missing.ShutdownReason?.ReplyCode == RabbitMQ.Client.Constants.NotFound)
        {
            return 0;
        }
    }
}
