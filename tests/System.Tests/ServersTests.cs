using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>The ground the other tests stand on.</summary>
public sealed class ServersTests(TestServers servers)
{
    [Fact]
    public async Task Each_test_has_a_virtual_host_and_a_database_of_its_own()
    {
        await using var first = await servers.Broker.NewVirtualHostAsync();
        await using var second = await servers.Broker.NewVirtualHostAsync();
        await using var client = await RawClient.ConnectAsync(first.Url);
        await using var channel = await client.NewChannelAsync();
        await channel.QueueDeclareAsync("mine", durable: true, exclusive: false, autoDelete: false, cancellationToken: Token);

        Assert.Equal(["mine"], (await first.QueuesAsync()).Select(queue => queue.GetProperty("name").GetString()));
        Assert.Empty(await second.QueuesAsync());

        await using var database = await servers.Database.NewDatabaseAsync();
        await database.ScalarAsync<object>("CREATE TABLE mine AS SELECT 42 AS answer");
        await using var copy = await servers.Database.NewDatabaseAsync(template: database);
        Assert.Equal(42, await copy.ScalarAsync<int>("SELECT answer FROM mine"));
    }

    [Fact]
    public async Task A_crashed_broker_comes_back_at_the_same_address()
    {
        Assert.SkipWhen(PrivateRabbitMq.Installed is null, "rabbitmq-server is not installed");
        await using var server = await PrivateRabbitMq.StartAsync();
        await server.CrashAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => RawClient.ConnectAsync(server.AmqpUrl));

        await server.BootAsync();
        await using var client = await RawClient.ConnectAsync(server.AmqpUrl);
        await using var channel = await client.NewChannelAsync();
        await channel.QueueDeclareAsync("mine", durable: true, exclusive: false, autoDelete: false, cancellationToken: Token);
        await client.PublishAsync("", "mine", new JsonObject { ["number"] = 7 }, mandatory: true);
        Assert.Equal(7, (int)JsonNode.Parse((await client.TakeAsync("mine")).Body.Span)!["number"]!);
    }

    [Fact]
    public async Task A_crashed_database_server_comes_back_with_what_it_committed()
    {
        Assert.SkipWhen(PrivatePostgres.Installed is null, "postgresql is not installed");
        await using var server = await PrivatePostgres.StartAsync();
        var database = new TestDatabase("postgres", server.ConnectionString, _ => Task.CompletedTask);
        await database.ScalarAsync<object>("CREATE TABLE kept AS SELECT 7 AS number");
        await server.CrashAsync();

        await server.BootAsync();
        Assert.Equal(7, await database.ScalarAsync<int>("SELECT number FROM kept"));
    }

    [Fact]
    public async Task What_a_guard_shell_started_ends_when_its_standard_input_closes()
    {
        var folder = Directory.CreateTempSubdirectory("lb-test-").FullName;
        const string Script = """
            sleep 1000 & child=$!
            echo $child >pid.new && mv pid.new pid
            (read -r _ <&3; kill -KILL $child) & watcher=$!
            wait $child
            kill $watcher
            """;
        using var guard = new GuardShell(Script, folder, new Dictionary<string, string?> { ["PATH"] = Environment.GetEnvironmentVariable("PATH") });
        await Eventually.TrueAsync("the script wrote the child's id", () => File.Exists(Path.Combine(folder, "pid")));
        var child = int.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "pid"), Token), CultureInfo.InvariantCulture);
        Assert.NotNull(Process.GetProcessById(child));

        await guard.CloseAsync(TimeSpan.FromSeconds(30));

        Assert.True(guard.HasExited);
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(child));
        Directory.Delete(folder, recursive: true);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;
}
