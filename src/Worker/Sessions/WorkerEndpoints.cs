using LoadBalancer.Contracts;
using MassTransit;
using MassTransit.Transports.Fabric;

namespace LoadBalancer.Worker.Sessions;

/// <summary>
/// The worker's ends of the bus. It declares its own queues only and binds nothing of the scheduler's on RabbitMQ, so that its broker user
/// needs no more rights than that; on the in-memory transport, where nobody binds for it, it binds its queue to the assignments itself.
/// </summary>
internal sealed class WorkerEndpoints(IBus bus, WorkerOptions options)
{
    private static readonly Uri Events = new($"exchange:{Names.WorkerEvents}");
    private static readonly Uri Heartbeats = new($"exchange:{Names.WorkerHeartbeats}");

    /// <summary>What every bus of ours has in common: plain JSON bodies, also of the polymorphic messages.</summary>
    public static void ConfigureJson(IBusFactoryConfigurator configurator)
    {
        configurator.UseRawJsonSerializer(RawSerializerOptions.AnyMessageType, isDefault: true);
        configurator.ConfigureJsonSerializerOptions(json =>
        {
            json.AllowOutOfOrderMetadataProperties = true;
            return json;
        });
    }

    public async Task SendAsync(WorkerReport report, Guid messageId, CancellationToken cancellationToken)
    {
        var endpoint = await bus.GetSendEndpoint(Events);
        await endpoint.Send(report, context => context.MessageId = messageId, cancellationToken);
    }

    public async Task SendAsync(WorkerHeartbeat heartbeat, CancellationToken cancellationToken)
    {
        var endpoint = await bus.GetSendEndpoint(Heartbeats);
        await endpoint.Send(heartbeat, cancellationToken);
    }

    /// <summary>The queue for the answer to this session's registration; it ends with the session.</summary>
    public Task<ConnectedEndpoint> ListenForAnswersAsync(Guid session, Action<WorkerCommand> hear, CancellationToken cancellationToken) =>
        ConnectAsync(
            Names.WorkerReply(options.Id, session),
            endpoint =>
            {
                if (endpoint is IRabbitMqReceiveEndpointConfigurator rabbit)
                {
                    rabbit.Durable = false;
                    rabbit.AutoDelete = true;
                    rabbit.Exclusive = true;
                }

                Hear(endpoint, hear);
            },
            cancellationToken);

    public Task<ConnectedEndpoint> ListenForCommandsAsync(Action<WorkerCommand> hear, CancellationToken cancellationToken) =>
        ConnectAsync(
            Names.WorkerControl(options.Id),
            endpoint =>
            {
                ConsumeAlone(endpoint);
                Hear(endpoint, hear);
            },
            cancellationToken);

    /// <param name="take">Completes when the attempt has started or will not start: then the delivery is acknowledged.</param>
    /// <param name="cancellationToken">Ends the wait for the broker.</param>
    public Task<ConnectedEndpoint> TakeAssignmentsAsync(Func<RunTest, Task> take, CancellationToken cancellationToken) =>
        ConnectAsync(
            Names.WorkerQueue(options.Id),
            endpoint =>
            {
                ConsumeAlone(endpoint);
                if (endpoint is IInMemoryReceiveEndpointConfigurator memory)
                    memory.Bind(Names.Assignments, ExchangeType.Direct, options.Id);
                endpoint.PrefetchCount = options.Slots;
                endpoint.ConcurrentMessageLimit = options.Slots;
                endpoint.Handler<RunTest>(context => take(context.Message).WaitAsync(context.CancellationToken));
            },
            cancellationToken);

    private static void Hear(IReceiveEndpointConfigurator endpoint, Action<WorkerCommand> hear)
    {
        // One at a time: commands are heard in the order in which they were sent.
        endpoint.ConcurrentMessageLimit = 1;
        endpoint.Handler<WorkerCommand>(context =>
        {
            hear(context.Message);
            return Task.CompletedTask;
        });
    }

    private void ConsumeAlone(IReceiveEndpointConfigurator endpoint)
    {
        if (endpoint is not IRabbitMqReceiveEndpointConfigurator rabbit)
            return;

        rabbit.ExclusiveConsumer = true;
        rabbit.OverrideConsumerTag($"worker-{options.Id}-{WorkerVersion.Text}");
    }

    private async Task<ConnectedEndpoint> ConnectAsync(
        string name, Action<IReceiveEndpointConfigurator> configure, CancellationToken cancellationToken)
    {
        var handle = bus.ConnectReceiveEndpoint(name, endpoint =>
        {
            endpoint.ConfigureConsumeTopology = false;
            endpoint.PublishFaults = false;
            endpoint.DiscardFaultedMessages();
            endpoint.DiscardSkippedMessages();
            endpoint.UseRawJsonDeserializer(RawSerializerOptions.AnyMessageType, isDefault: true);
            configure(endpoint);
        });
        var connected = new ConnectedEndpoint(handle);
        try
        {
            await handle.Ready.WaitAsync(cancellationToken);
            return connected;
        }
        catch
        {
            await connected.DisposeAsync();
            throw;
        }
    }
}

/// <summary>A queue that is being consumed until this is disposed. Queue and exchange stay, except the answers' queue.</summary>
internal sealed class ConnectedEndpoint(HostReceiveEndpointHandle handle) : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    private Task? stopped;

    public async ValueTask DisposeAsync()
    {
        stopped ??= StopAsync();
        await stopped;
    }

    // Without a broker the stop may not end; the endpoint is then left to the end of the bus.
    private async Task StopAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit);
        await handle.StopAsync(limit.Token).WaitAsync(StopLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
