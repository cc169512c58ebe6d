using LoadBalancer.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.Worker.Broker;

/// <summary>The worker's broker user may not do what every worker must; the message names the right and the resource.</summary>
internal sealed class MissingRightException(string message) : Exception(message);

/// <summary>
/// Uses every right of a worker once. The bus would try for ever where one is missing, and a publisher without the right to write would
/// only see its channel closed, again and again. What is declared here is what the bus declares.
/// </summary>
internal static class WorkerRights
{
    /// <param name="channel">Where they are used.</param>
    /// <param name="workerId">The worker.</param>
    /// <param name="session">One that never is: its reply queue stands for those of all sessions.</param>
    /// <param name="cancellationToken">Ends the wait for the broker.</param>
    /// <exception cref="MissingRightException">A right is missing; the channel is closed.</exception>
    public static async Task UseAllAsync(IChannel channel, string workerId, Guid session, CancellationToken cancellationToken)
    {
        var reply = Names.WorkerReply(workerId, session);
        await UseQueueAsync(channel, reply, lasting: false, cancellationToken);
        await UseQueueAsync(channel, Names.WorkerQueue(workerId), lasting: true, cancellationToken);
        await UseQueueAsync(channel, Names.WorkerControl(workerId), lasting: true, cancellationToken);
        await UseExchangeAsync(channel, Names.WorkerEvents, reply, cancellationToken);
        await UseExchangeAsync(channel, Names.WorkerHeartbeats, reply, cancellationToken);
    }

    private static async Task UseQueueAsync(IChannel channel, string name, bool lasting, CancellationToken token)
    {
        await NeedAsync(
            _ => $"configure right on queue '{name}'",
            () => channel.QueueDeclareAsync(name, durable: lasting, exclusive: !lasting, autoDelete: !lasting, cancellationToken: token));
        await NeedAsync(
            _ => $"configure right on exchange '{name}'",
            () => channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: lasting, autoDelete: !lasting, cancellationToken: token));
        // To bind is to write to the queue and to read from the exchange; the broker says which of the two it refuses.
        await NeedAsync(
            refused => refused.Contains($"queue '{name}'", StringComparison.Ordinal)
                ? $"write right on queue '{name}'"
                : $"read right on queue and exchange '{name}'",
            () => channel.QueueBindAsync(name, name, "", cancellationToken: token));
    }

    /// <summary>To bind an exchange to another needs the right to write to it, and writes nothing: nobody publishes to the other one.</summary>
    private static async Task UseExchangeAsync(IChannel channel, string name, string silent, CancellationToken token)
    {
        await NeedAsync(
            _ => $"configure right on exchange '{name}'",
            () => channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: token));
        await NeedAsync(
            _ => $"write right on exchange '{name}'",
            () => channel.ExchangeBindAsync(name, silent, "", cancellationToken: token));
        await channel.ExchangeUnbindAsync(name, silent, "", cancellationToken: token);
    }

    private static async Task NeedAsync(Func<string, string> right, Func<Task> use)
    {
        try
        {
            await use();
        }
        catch (OperationInterruptedException refused) when (refused.ShutdownReason is { ReplyCode: Constants.AccessRefused })
        {
            throw new MissingRightException($"its user lacks the {right(refused.ShutdownReason.ReplyText)}");
        }
    }
}
