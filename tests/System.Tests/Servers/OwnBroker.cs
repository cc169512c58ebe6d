namespace LoadBalancer.System.Tests.Servers;

/// <summary>A broker for the tests of one class, which stop, kill and freeze it.</summary>
public sealed class OwnBroker : IAsyncLifetime
{
    private PrivateRabbitMq? program;
    private BrokerServer? server;

    internal PrivateRabbitMq Program
    {
        get
        {
            Assert.SkipWhen(program is null, "rabbitmq-server is not installed, and no other broker may be killed");
            return program;
        }
    }

    internal BrokerServer Server => server ?? BrokerServer.Of(Program);

    public async ValueTask InitializeAsync()
    {
        if (PrivateRabbitMq.Installed is not null)
        {
            program = await PrivateRabbitMq.StartAsync();
            server = BrokerServer.Of(program);
        }
    }

    public ValueTask DisposeAsync() => server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
