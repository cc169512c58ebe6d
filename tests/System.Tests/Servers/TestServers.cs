using DotNet.Testcontainers.Builders;

[assembly: AssemblyFixture(typeof(LoadBalancer.System.Tests.Servers.TestServers))]

namespace LoadBalancer.System.Tests.Servers;

/// <summary>One RabbitMQ and one PostgreSQL for all tests of this assembly; each test takes its own virtual host and database.</summary>
public sealed class TestServers : IAsyncLifetime
{
    private BrokerServer? broker;
    private DatabaseServer? database;
    private string missing = "";

    internal BrokerServer Broker => broker ?? throw Missing();

    internal DatabaseServer Database => database ?? throw Missing();

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(StartAsync(StartBrokerAsync), StartAsync(StartDatabaseAsync));
        TestContext.Current.SendDiagnosticMessage($"RabbitMQ: {broker?.Origin ?? missing}; PostgreSQL: {database?.Origin ?? missing}");
    }

    public async ValueTask DisposeAsync()
    {
        if (broker is not null)
        {
            await broker.DisposeAsync();
        }

        if (database is not null)
        {
            await database.DisposeAsync();
        }
    }

    private async Task StartBrokerAsync() => broker = await BrokerServer.StartAsync();

    private async Task StartDatabaseAsync() => database = await DatabaseServer.StartAsync();

    private async Task StartAsync(Func<Task> start)
    {
        try
        {
            await start();
        }
        catch (DockerUnavailableException)
        {
            missing = "no LB_TEST_RABBITMQ and LB_TEST_POSTGRES given, no rabbitmq-server and postgresql installed, and no Docker";
        }
    }

    /// <summary>On a laptop without servers their tests are skipped with the reason; where CI is set they fail.</summary>
    private InvalidOperationException Missing()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CI")), missing);
        return new InvalidOperationException(missing);
    }
}
