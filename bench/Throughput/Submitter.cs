using System.Text.Json;
using System.Text.Json.Nodes;
using LoadBalancer.System.Tests;
using LoadBalancer.System.Tests.Clients;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace LoadBalancer.Throughput;

/// <summary>A client in plain AMQP that submits in batches and counts the ends that are announced.</summary>
internal sealed class Submitter : IAsyncDisposable
{
    private readonly RawClient client;
    private readonly IChannel channel;
    private int ended;

    private Submitter(RawClient client, IChannel channel) => (this.client, this.channel) = (client, channel);

    public int Ended => Volatile.Read(ref ended);

    public static async Task<Submitter> ConnectAsync(Uri broker)
    {
        var client = await RawClient.ConnectAsync(broker, "bench");
        var submitter = new Submitter(client, await client.NewChannelAsync());
        await submitter.FollowAsync();
        return submitter;
    }

    public static JsonObject Test(string testId, Guid? runId = null) => new()
    {
        ["runId"] = runId ?? Guid.NewGuid(),
        ["testId"] = testId,
        ["testType"] = "noop",
        ["requirements"] = new JsonObject { ["minimumMemoryGb"] = 0.1, ["cpuCores"] = 1 },
    };

    public async Task SubmitAsync(IEnumerable<JsonObject> tests) =>
        await client.SubmitAsync(new JsonObject { ["tests"] = new JsonArray([.. tests]) });

    /// <summary>Submits so many tests, with at most so many under way, and waits for their ends.</summary>
    public async Task RunAsync(int count, int batch, int mostUnderWay)
    {
        var before = Ended;
        for (var submitted = 0; submitted < count;)
        {
            await Eventually.TrueAsync("there is room", () => submitted - (Ended - before) < mostUnderWay);
            var size = Math.Min(batch, count - submitted);
            await SubmitAsync(Enumerable.Range(submitted, size).Select(i => Test($"test-{i % 500}")));
            submitted += size;
        }

        await Eventually.TrueAsync($"{count} tests have ended", () => Ended - before >= count);
    }

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await client.DisposeAsync();
    }

    private async Task FollowAsync()
    {
        var queue = (await channel.QueueDeclareAsync("bench-ends", durable: false, exclusive: true)).QueueName;
        foreach (var state in new[] { "completed", "failed", "cancelled" })
            await channel.QueueBindAsync(queue, "test-events", $"*.{state}");
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            using var body = JsonDocument.Parse(delivery.Body);
            Interlocked.Add(ref ended, body.RootElement.GetProperty("changes").GetArrayLength());
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck: true, consumer);
    }
}
