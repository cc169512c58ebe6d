using System.Text;
using System.Text.Json.Nodes;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.System.Tests.Clients;

/// <summary>A client in plain AMQP and JSON. It spells the documented names itself, so that a change of the contract shows.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private static readonly CreateChannelOptions Confirmed =
        new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);

    private readonly IConnection connection;
    private readonly IChannel channel;

    private RawClient(IConnection connection, IChannel channel) => (this.connection, this.channel) = (connection, channel);

    public static async Task<RawClient> ConnectAsync(Uri url, string name = "raw-client")
    {
        var connection = await new ConnectionFactory { Uri = url, ClientProvidedName = name, MaxInboundMessageBodySize = 1 << 30 }.CreateConnectionAsync();
        return new RawClient(connection, await connection.CreateChannelAsync(Confirmed));
    }

    public Task SubmitAsync(JsonNode body) => SubmitAsync(body.ToJsonString());

    public Task SubmitAsync(string body) => PublishAsync("submit-test", "", Encoding.UTF8.GetBytes(body), mandatory: true);

    /// <summary>Publishes under a message id of the client's own choosing.</summary>
    public Task SubmitAsync(JsonNode body, string messageId) =>
        PublishAsync("submit-test", Encoding.UTF8.GetBytes(body.ToJsonString()), properties => properties.MessageId = messageId);

    /// <summary>Publishes with properties of the client's own choosing.</summary>
    public async Task PublishAsync(string exchange, ReadOnlyMemory<byte> body, Action<BasicProperties> choose)
    {
        var properties = Properties();
        choose(properties);
        await channel.BasicPublishAsync(exchange, "", mandatory: true, properties, body);
    }

    public Task CancelAsync(Guid runId, string reason) =>
        PublishAsync("cancel-test", "", new JsonObject { ["runId"] = runId, ["reason"] = reason }, mandatory: true);

    /// <summary>Repeats a submission until the broker can route it: the scheduler may not have declared its queue yet.</summary>
    public Task SubmitWhenPossibleAsync(JsonNode body) => Eventually.TrueAsync("the submission was routed", async () =>
    {
        // A missing exchange closes the channel, so each try has its own.
        await using var attempt = await connection.CreateChannelAsync(Confirmed);
        try
        {
            await attempt.BasicPublishAsync("submit-test", "", mandatory: true, Properties(), Encoding.UTF8.GetBytes(body.ToJsonString()));
            return true;
        }
        catch (Exception e) when (e is PublishException or AlreadyClosedException)
        {
            return false;
        }
    });

    public Task PublishAsync(string exchange, string routingKey, JsonNode body, bool mandatory = false) =>
        PublishAsync(exchange, routingKey, Encoding.UTF8.GetBytes(body.ToJsonString()), mandatory);

    /// <summary>Persistent, and returns when the broker has confirmed it.</summary>
    /// <exception cref="PublishException">Mandatory, and no queue would take it.</exception>
    public async Task PublishAsync(string exchange, string routingKey, ReadOnlyMemory<byte> body, bool mandatory = false) =>
        await channel.BasicPublishAsync(exchange, routingKey, mandatory, Properties(), body);

    public Task<EventLog> FollowEventsAsync(string pattern = "#") => EventLog.StartAsync(connection, pattern);

    public Task<IChannel> NewChannelAsync() => connection.CreateChannelAsync();

    /// <summary>Waits for the next message of a queue and takes it.</summary>
    public Task<BasicGetResult> TakeAsync(string queue) => Eventually.GetAsync($"a message in {queue}", async () =>
    {
        try
        {
            await using var attempt = await connection.CreateChannelAsync();
            return await attempt.BasicGetAsync(queue, autoAck: true);
        }
        catch (OperationInterruptedException)
        {
            return null; // there is no such queue yet, or it is just being made, for which the broker closes the connection
        }
    });

    /// <summary>Takes what is in a queue now; nothing if there is no such queue.</summary>
    public async Task<IReadOnlyList<BasicGetResult>> TakeAllAsync(string queue)
    {
        await using var attempt = await connection.CreateChannelAsync();
        var taken = new List<BasicGetResult>();
        try
        {
            while (await attempt.BasicGetAsync(queue, autoAck: true) is { } message)
            {
                taken.Add(message);
            }
        }
        catch (OperationInterruptedException)
        {
            // there is no such queue (yet)
        }

        return taken;
    }

    /// <summary>A header as text, or "" without it.</summary>
    public static string Header(BasicGetResult message, string name) =>
        message.BasicProperties.Headers?.TryGetValue(name, out var value) == true
            ? value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : $"{value}"
            : "";

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await connection.DisposeAsync();
    }

    private static BasicProperties Properties() => new()
    {
        ContentType = "application/json",
        DeliveryMode = DeliveryModes.Persistent,
        MessageId = Guid.NewGuid().ToString(),
    };
}
