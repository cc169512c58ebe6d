using System.Net;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.Persistence.Grouped;
using LoadBalancer.Scheduler.Submissions;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using MassTransit.Transports;

namespace LoadBalancer.Scheduler.Bus;

/// <summary>The bus to the outside, and the mediator through which events reach the saga in process.</summary>
internal static class BusSetup
{
    /// <summary>
    /// More than a broker accepts. A message beyond the client's own limit would end the connection, and be delivered again for ever.
    /// </summary>
    private const uint MostBytes = 1 << 30;

    /// <summary>What a frozen scheduler was handed comes to the next one when the broker has noticed, after one or two of these.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    public static string ConnectionName(string? part = null) => $"scheduler@{Dns.GetHostName()}{(part is null ? "" : $" {part}")}";

    public static void AddSchedulerBus(this IServiceCollection services, BrokerOptions broker, bool groupCommit)
    {
        // One send endpoint per worker's control queue is kept; the default of 1,000 would evict some while they are in use.
        SendEndpointCacheDefaults.Capacity = 20_000;

        services.AddMediator(mediator =>
        {
            var saga = mediator.AddSagaStateMachine<TestRunStateMachine, TestRun>();
            _ = groupCommit ? saga.GroupedRunRepository() : saga.RunRepository();
        });
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.AddConsumer<SubmitTestConsumer>();
            bus.AddConsumer<CancelTestConsumer>();
            bus.AddConsumer<WorkerReportConsumer>();
            bus.AddConsumer<WorkerHeartbeatConsumer>();
            if (broker.InMemory)
                bus.UsingInMemory((_, memory) => UsePlainJson(memory));
            else
                bus.UsingRabbitMq((_, rabbit) => ConnectTo(broker, rabbit));
        });

        if (broker.InMemory)
            services.AddSingleton<IBrokerTopology, InMemoryTopology>();
        else
            services.AddSingleton<IBrokerTopology, RabbitMqTopology>();
        services.AddOptions<MassTransitHostOptions>().Configure(host =>
        {
            // An unreachable broker must not keep the process from starting: it reports itself not ready and goes on trying.
            host.WaitUntilStarted = false;
            host.StopTimeout = TimeSpan.FromSeconds(10);
            host.ConsumerStopTimeout = TimeSpan.FromSeconds(5);
        });
    }

    private static void ConnectTo(BrokerOptions broker, IRabbitMqBusFactoryConfigurator rabbit)
    {
        rabbit.Host(new Uri(broker.Url), ConnectionName(), host =>
        {
            host.MaxMessageSize(MostBytes);
            host.Heartbeat(Heartbeat);
        });
        UsePlainJson(rabbit);
    }

    private static void UsePlainJson(IBusFactoryConfigurator bus)
    {
        bus.UseRawJsonSerializer(RawSerializerOptions.AnyMessageType, isDefault: true);
        bus.ConfigureJsonSerializerOptions(json =>
        {
            // Programs in other languages write the type of a report wherever they like.
            json.AllowOutOfOrderMetadataProperties = true;
            // Else a null where none may be is found by whoever stumbles over it, with half the message done.
            json.RespectNullableAnnotations = true;
            return json;
        });
    }
}
