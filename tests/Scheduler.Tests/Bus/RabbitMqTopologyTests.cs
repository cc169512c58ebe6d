using System.Net;
using System.Net.Sockets;
using LoadBalancer.Scheduler.Bus;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Tests.Bus;

public sealed class RabbitMqTopologyTests
{
    [Fact]
    public async Task A_broker_that_accepts_and_does_not_answer_is_trouble_that_passes()
    {
        using var frozen = new TcpListener(IPAddress.Loopback, 0);
        frozen.Start();
        var broker = new BrokerOptions { Url = $"amqp://guest:guest@127.0.0.1:{((IPEndPoint)frozen.LocalEndpoint).Port}/" };
        var limits = new SchedulerOptions { SendTimeout = TimeSpan.FromMilliseconds(200) };
        await using var topology = new RabbitMqTopology(Options.Create(broker), Options.Create(limits));

        var problem = await Assert.ThrowsAnyAsync<Exception>(() => topology.DeclareWorkerAsync("w1", TestContext.Current.CancellationToken));

        Assert.True(PassingTrouble.Is(problem), problem.ToString());
    }
}
