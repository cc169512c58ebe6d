using LoadBalancer.Worker.Sessions;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Broker;

/// <summary>The worker's bus on RabbitMQ. Made without a container: nothing of it starts by itself, and it reports to nobody.</summary>
internal static class RabbitMqBus
{
    public static IBusControl Create(BrokerAddress address, string workerId, ILoggerFactory loggers)
    {
        LogContext.ConfigureCurrentLogContext(loggers);
        return Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(address.Host, address.Port, address.VirtualHost, $"worker-{workerId}", host =>
            {
                host.Username(address.User);
                host.Password(address.Password);
                if (address.UsesTls)
                    host.UseSsl(tls => tls.ServerName = address.Host);
            });
            WorkerEndpoints.ConfigureJson(rabbit);
        });
    }
}
