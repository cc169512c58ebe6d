using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.Submissions;
using MassTransit;
using MassTransit.Middleware;

namespace LoadBalancer.Scheduler.Bus;

/// <summary>Consumes the scheduler's queues. Connected once its memory is rebuilt, so that nothing is answered from an empty one.</summary>
internal sealed partial class SchedulerEndpoints(
    IReceiveEndpointConnector connector, IBrokerTopology topology, TimeProvider time, ILogger<SchedulerEndpoints> logger) : IDisposable
{
    private const int AtOnce = 16;

    /// <summary>They are small, and what is handled at once becomes durable together.</summary>
    private const int ReportsAtOnce = 128;

    /// <summary>For what is under way to be stored, if it can be.</summary>
    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DeclareInterval = TimeSpan.FromSeconds(5);
    private readonly List<HostReceiveEndpointHandle> connected = [];
    private CancellationTokenSource ended = new();

    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        await DeclareAsync(cancellationToken);
        if (connected.Count == 0)
        {
            Connect<SubmitTestConsumer>(SchedulerQueue.Submissions, LeaveUnread);
            Connect<CancelTestConsumer>(SchedulerQueue.Cancellations);
            Connect<WorkerReportConsumer>(SchedulerQueue.Reports, LeaveUnread, ReportsAtOnce);
            Connect<WorkerHeartbeatConsumer>(SchedulerQueue.Heartbeats);
        }

        foreach (var handle in connected)
            await handle.Ready.WaitAsync(cancellationToken);
    }

    /// <summary>Consumes nothing any more. What cannot be stored within a moment goes back to its queue, for whoever consumes next.</summary>
    public async Task DisconnectAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StopLimit);
        var stopping = Task.WhenAll(connected.Select(handle => handle.StopAsync(limit.Token)).ToList());
        await Task.WhenAny(stopping, Task.Delay(LastMoment, time, cancellationToken));
        await ended.CancelAsync();
        try
        {
            await stopping;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The broker is away as well, and returns what it has handed out by itself.
            LogNotStopped(exception.Message);
        }

        connected.Clear();
        ended.Dispose();
        ended = new CancellationTokenSource();
    }

    public void Dispose() => ended.Dispose();

    /// <summary>Declares again at an interval: of a deleted exchange, which takes its binding with it, no consumer is told.</summary>
    public async Task KeepDeclaredAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(DeclareInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await topology.DeclareOwnAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotDeclared(exception.Message);
            }
        }
    }

    private async Task DeclareAsync(CancellationToken cancellationToken)
    {
        try
        {
            await topology.DeclareOwnAsync(cancellationToken);
        }
        catch (TopologyRefusedException refused)
        {
            throw new FatalStartException(refused.Message, refused);
        }
    }

    private static void ReadJson(IReceiveEndpointConfigurator endpoint) =>
        endpoint.UseRawJsonDeserializer(RawSerializerOptions.AnyMessageType, isDefault: true);

    private static void LeaveUnread(IReceiveEndpointConfigurator endpoint) => endpoint.AddDeserializer(new UnreadBody(), isDefault: true);

    private void Connect<TConsumer>(
        SchedulerQueue queue, Action<IReceiveEndpointConfigurator>? reading = null, int atOnce = AtOnce)
        where TConsumer : class, IConsumer
    {
        var until = ended.Token;
        connected.Add(connector.ConnectReceiveEndpoint(queue.Name, (context, endpoint) =>
        {
            endpoint.ConfigureConsumeTopology = false;
            endpoint.PrefetchCount = 2 * atOnce;
            endpoint.ConcurrentMessageLimit = atOnce;
            endpoint.ClearSerialization();
            endpoint.UseRawJsonSerializer(RawSerializerOptions.AnyMessageType, isDefault: true);
            // After the serializer, which brings a reader of its own.
            (reading ?? ReadJson)(endpoint);
            // Nobody listens for faults: the reason stands in the headers of the dead letter.
            endpoint.PublishFaults = false;
            endpoint.ConfigureError(error =>
            {
                error.UseFilter(new PlaceInBody());
                error.UseFilter(new ErrorTransportFilter());
            });
            endpoint.UseFilter(new HandedBack(until));
            endpoint.WaitForPassingTrouble(until);
            if (queue.IsQuorum && endpoint is IRabbitMqReceiveEndpointConfigurator rabbit)
                rabbit.SetQuorumQueue();
            endpoint.ConfigureConsumer<TConsumer>(context);
        }));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The scheduler's queues could not be looked after: {Problem}")]
    private partial void LogNotDeclared(string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Consuming could not be ended in order: {Problem}")]
    private partial void LogNotStopped(string problem);
}
