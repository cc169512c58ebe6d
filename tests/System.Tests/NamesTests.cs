using System.Text.Json;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>What operators see in the management UI.</summary>
public sealed class NamesTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task Queues_and_exchanges_have_the_documented_names_and_kinds()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1");
        var submission = Submission.Shell("true");
        await Client.SubmitAsync(submission);
        await scheduler.WaitForEndAsync(Submission.RunIdOf(submission));

        var queues = (await Broker.QueuesAsync()).Select(Name).Where(name => !name.StartsWith("worker-w1-reply-", StringComparison.Ordinal));
        Assert.Equal(
            ["cancel-test", "submit-test", "worker-events", "worker-heartbeats", "worker-w1", "worker-w1-control"],
            queues.Order(StringComparer.Ordinal));
        var kinds = (await Broker.ExchangesAsync()).ToDictionary(Name, exchange => exchange.GetProperty("type").GetString());
        Assert.Equal("direct", kinds["assignments"]);
        Assert.Equal("topic", kinds["test-events"]);
        Assert.All(["submit-test", "cancel-test", "worker-events", "worker-heartbeats", "worker-w1"], name => Assert.Contains(name, kinds));
        var binding = Assert.Single(await Broker.BindingsFromAsync("assignments"));
        Assert.Equal(("worker-w1", "w1"), (binding.GetProperty("destination").GetString(), binding.GetProperty("routing_key").GetString()));
    }

    private static string Name(JsonElement element) => element.GetProperty("name").GetString()!;
}
