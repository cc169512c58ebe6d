using LoadBalancer.Contracts;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.Scheduler.Bus;

/// <summary>Declares what the scheduler owns on the broker. Declaring again changes nothing.</summary>
internal interface IBrokerTopology
{
    /// <summary>
    /// The scheduler's own queues, and the exchanges that others bind to or publish to before the first message is sent. MassTransit would
    /// declare the queues, too, but try for ever where that is refused.
    /// </summary>
    /// <exception cref="TopologyRefusedException">A right is missing, or something of that name exists and is of another kind.</exception>
    Task DeclareOwnAsync(CancellationToken cancellationToken);

    /// <summary>The worker's queue, bound to the assignments by the worker's id.</summary>
    /// <exception cref="TimeoutException">The broker did not answer within <see cref="SchedulerOptions.SendTimeout"/>.</exception>
    /// <exception cref="TopologyRefusedException">A right is missing, or something of that name exists and is of another kind.</exception>
    Task DeclareWorkerAsync(string workerId, CancellationToken cancellationToken);

    /// <summary>Removes the queues and exchanges of a worker that is gone for good.</summary>
    Task DeleteWorkerAsync(string workerId, CancellationToken cancellationToken);
}

/// <summary>The broker refuses a declaration, and will do so again; the message is the broker's and names the queue or exchange.</summary>
internal sealed class TopologyRefusedException(string message, Exception inner) : Exception(message, inner);

/// <summary>In memory the worker's endpoint binds itself, and exchanges come into being when they are used.</summary>
internal sealed class InMemoryTopology : IBrokerTopology
{
    public Task DeclareOwnAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task DeclareWorkerAsync(string workerId, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task DeleteWorkerAsync(string workerId, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>
/// On RabbitMQ the scheduler binds, so that a worker needs no right on the exchange of all assignments. Names and arguments are those
/// with which MassTransit declares the worker's endpoint.
/// </summary>
internal sealed class RabbitMqTopology(IOptions<BrokerOptions> options, IOptions<SchedulerOptions> limits) : IBrokerTopology, IAsyncDisposable
{
    private const string NobodysKey = "@nobody";

    private readonly SemaphoreSlim connecting = new(1, 1);
    private IConnection? connection;
    private bool mayPublish;

    public Task DeclareOwnAsync(CancellationToken cancellationToken) =>
        OnChannelAsync(
            async (channel, token) =>
            {
                await DeclareExchanges(channel, token);
                if (!mayPublish)
                    await RequireRightToPublishAsync(channel, token);
                mayPublish = true;
                foreach (var queue in SchedulerQueue.All)
                {
                    await channel.QueueDeclareAsync(
                        queue.Name, durable: true, exclusive: false, autoDelete: false, Arguments(queue), cancellationToken: token);
                    await channel.ExchangeDeclareAsync(queue.Name, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: token);
                    await channel.QueueBindAsync(queue.Name, queue.Name, "", cancellationToken: token);
                }
            },
            cancellationToken);

    public Task DeclareWorkerAsync(string workerId, CancellationToken cancellationToken) =>
        OnChannelAsync(
            async (channel, token) =>
            {
                await DeclareExchanges(channel, token);
                var name = Names.WorkerQueue(workerId);
                await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false, cancellationToken: token);
                await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: token);
                await channel.QueueBindAsync(name, name, "", cancellationToken: token);
                await channel.ExchangeBindAsync(name, Names.Assignments, workerId, cancellationToken: token);
            },
            cancellationToken);

    public Task DeleteWorkerAsync(string workerId, CancellationToken cancellationToken) =>
        OnChannelAsync(
            async (channel, token) =>
            {
                foreach (var name in new[] { Names.WorkerQueue(workerId), Names.WorkerControl(workerId) })
                {
                    await channel.QueueDeleteAsync(name, cancellationToken: token);
                    await channel.ExchangeDeleteAsync(name, cancellationToken: token);
                }
            },
            cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (connection is not null)
            await connection.DisposeAsync();
        connecting.Dispose();
    }

    private static Dictionary<string, object?> Arguments(SchedulerQueue queue) =>
        queue.IsQuorum ? new() { ["x-queue-type"] = "quorum" } : [];

    private static async Task DeclareExchanges(IChannel channel, CancellationToken token)
    {
        await channel.ExchangeDeclareAsync(Names.Assignments, ExchangeType.Direct, durable: true, autoDelete: false, cancellationToken: token);
        await channel.ExchangeDeclareAsync(Names.TestEvents, ExchangeType.Topic, durable: true, autoDelete: false, cancellationToken: token);
    }

    /// <summary>A broker that is starting or stopping closes connections, too, and for other reasons.</summary>
    private static bool IsRefusal(Exception exception) =>
        exception is AuthenticationFailureException or
            OperationInterruptedException { ShutdownReason.ReplyCode: Constants.AccessRefused or Constants.NotAllowed };

    private static FatalStartException NotLetIn(string reason, Exception refused) =>
        new($"it refuses this user or virtual host ({reason}); see Broker:Url", refused);

    private async Task OnChannelAsync(Func<IChannel, CancellationToken, Task> declare, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(limits.Value.SendTimeout);
        try
        {
            var open = await ConnectAsync(deadline.Token);
            await using var channel = await open.CreateChannelAsync(cancellationToken: deadline.Token);
            await declare(channel, deadline.Token);
        }
        catch (OperationInterruptedException refused) when (refused.ShutdownReason is { ReplyCode: Constants.NotAllowed })
        {
            // A virtual host is missed by the first thing that is asked for, not by the connection.
            throw NotLetIn(refused.ShutdownReason.ReplyText, refused);
        }
        catch (OperationInterruptedException refused)
            when (refused.ShutdownReason is { ReplyCode: Constants.AccessRefused or Constants.PreconditionFailed })
        {
            throw new TopologyRefusedException(refused.ShutdownReason.ReplyText, refused);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"the broker did not answer within {limits.Value.SendTimeout.TotalSeconds:0.###} s", late);
        }
    }

    /// <summary>
    /// A publisher without the right would only see its channel closed, again and again. To bind to an exchange needs the same right; the
    /// key is one that no message has.
    /// </summary>
    private static async Task RequireRightToPublishAsync(IChannel channel, CancellationToken token)
    {
        foreach (var exchange in new[] { Names.Assignments, Names.TestEvents })
        {
            await channel.ExchangeBindAsync(exchange, exchange, NobodysKey, cancellationToken: token);
            await channel.ExchangeUnbindAsync(exchange, exchange, NobodysKey, cancellationToken: token);
        }
    }

    private async Task<IConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        await connecting.WaitAsync(cancellationToken);
        try
        {
            if (connection is { IsOpen: true })
                return connection;

            if (connection is not null)
                await connection.DisposeAsync();
            var factory = new ConnectionFactory
            {
                Uri = new Uri(options.Value.Url),
                ClientProvidedName = BusSetup.ConnectionName("topology"),
                AutomaticRecoveryEnabled = false,
            };
            return connection = await factory.CreateConnectionAsync(cancellationToken);
        }
        catch (BrokerUnreachableException refused) when (IsRefusal(refused.GetBaseException()))
        {
            throw NotLetIn(refused.GetBaseException().Message, refused);
        }
        finally
        {
            connecting.Release();
        }
    }
}
