using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using DotNet.Testcontainers.Builders;
using Testcontainers.RabbitMq;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>The broker of this test run: a given one, else an installed program, else a container.</summary>
internal sealed class BrokerServer : IAsyncDisposable
{
    private const string Image = "rabbitmq:4.1-management";
    private const int ManagementPort = 15672;

    private readonly Uri amqp;
    private readonly HttpClient management;
    private readonly IAsyncDisposable? owned;

    private BrokerServer(string origin, Uri amqp, Uri management, IAsyncDisposable? owned)
    {
        (Origin, this.amqp, this.owned) = (origin, amqp, owned);
        var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(management.UserInfo)));
        this.management = new HttpClient { BaseAddress = new Uri($"{management.Scheme}://{management.Authority}/api/") };
        this.management.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", credentials);
    }

    /// <summary>Where it came from, for the test log.</summary>
    public string Origin { get; }

    private string User => Uri.UnescapeDataString(amqp.UserInfo.Split(':')[0]);

    /// <exception cref="DockerUnavailableException">Nothing was given, nothing is installed, and there is no Docker.</exception>
    public static async Task<BrokerServer> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("LB_TEST_RABBITMQ") is { Length: > 0 } given)
        {
            var management = Environment.GetEnvironmentVariable("LB_TEST_RABBITMQ_MANAGEMENT")
                ?? throw new InvalidOperationException("LB_TEST_RABBITMQ needs LB_TEST_RABBITMQ_MANAGEMENT beside it, to make virtual hosts");
            return new BrokerServer("LB_TEST_RABBITMQ", new Uri(given), new Uri(management), owned: null);
        }

        return PrivateRabbitMq.Installed is null ? await StartContainerAsync() : Of(await PrivateRabbitMq.StartAsync());
    }

    /// <summary>Owns the server from now on.</summary>
    public static BrokerServer Of(PrivateRabbitMq server) => new("a private process", server.AmqpUrl, server.ManagementUrl, server);

    /// <summary>A virtual host of its own for one test.</summary>
    public async Task<VirtualHost> NewVirtualHostAsync()
    {
        var name = $"t{Guid.NewGuid():N}";
        using var created = await management.PutAsync($"vhosts/{name}", content: null);
        created.EnsureSuccessStatusCode();
        using var granted = await management.PutAsJsonAsync(
            $"permissions/{name}/{User}", new { configure = ".*", write = ".*", read = ".*" });
        granted.EnsureSuccessStatusCode();
        return new VirtualHost(new Uri(amqp, $"/{name}"), name, management);
    }

    public async ValueTask DisposeAsync()
    {
        management.Dispose();
        if (owned is not null)
        {
            await owned.DisposeAsync();
        }
    }

    private static async Task<BrokerServer> StartContainerAsync()
    {
        var container = new RabbitMqBuilder(Image).WithPortBinding(ManagementPort, assignRandomHostPort: true).Build();
        await container.StartAsync();
        var amqp = new Uri(container.GetConnectionString());
        var management = new UriBuilder("http", container.Hostname, container.GetMappedPublicPort(ManagementPort));
        (management.UserName, management.Password) = (amqp.UserInfo.Split(':')[0], amqp.UserInfo.Split(':')[1]);
        return new BrokerServer($"container {Image}", amqp, management.Uri, container);
    }
}
