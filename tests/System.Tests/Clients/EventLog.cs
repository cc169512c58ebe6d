using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace LoadBalancer.System.Tests.Clients;

/// <summary>One transition as it was published.</summary>
internal sealed record RunChange(
    string RoutingKey, Guid RunId, long Sequence, string TestId, string State, int Attempt, string? WorkerId, string? FailureKind, string? Error,
    string Reason);

/// <summary>Follows <c>test-events</c> with a queue of its own and keeps what was published, in the order of arrival.</summary>
internal sealed class EventLog : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly List<RunChange> changes = [];
    private readonly IChannel channel;

    private EventLog(IChannel channel) => this.channel = channel;

    public IReadOnlyList<RunChange> All
    {
        get
        {
            lock (gate)
            {
                return [.. changes];
            }
        }
    }

    public static async Task<EventLog> StartAsync(IConnection connection, string pattern)
    {
        var channel = await connection.CreateChannelAsync();
        var log = new EventLog(channel);
        var queue = (await channel.QueueDeclareAsync("", durable: false, exclusive: true, autoDelete: true)).QueueName;
        await channel.QueueBindAsync(queue, "test-events", pattern);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            log.Add(delivery.RoutingKey, JsonDocument.Parse(delivery.Body));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck: true, consumer);
        return log;
    }

    /// <summary>What is known of a run, repeats dropped as a reader must do.</summary>
    public IReadOnlyList<RunChange> Of(Guid runId)
    {
        var known = new List<RunChange>();
        foreach (var change in All.Where(change => change.RunId == runId))
        {
            if (known.Count == 0 || change.Sequence > known[^1].Sequence)
            {
                known.Add(change);
            }
        }

        return known;
    }

    /// <summary>The first change that meets the condition, waiting for it if it has not come yet.</summary>
    public async Task<RunChange> WaitForAsync(string what, Func<RunChange, bool> condition)
    {
        try
        {
            return await Eventually.GetAsync(what, () => Task.FromResult(All.FirstOrDefault(condition)));
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}; seen: {string.Join(", ", All.Select(change => $"{change.TestId} {change.State} {change.Attempt}"))}", e);
        }
    }

    public Task<RunChange> WaitForAsync(Guid runId, string state) =>
        WaitForAsync($"run {runId} is {state}", change => change.RunId == runId && change.State == state);

    public ValueTask DisposeAsync() => channel.DisposeAsync();

    private void Add(string routingKey, JsonDocument body)
    {
        lock (gate)
        {
            changes.AddRange(body.RootElement.GetProperty("changes").EnumerateArray().Select(change => Read(routingKey, change)));
        }
    }

    private static RunChange Read(string routingKey, JsonElement change) => new(
        routingKey,
        change.GetProperty("runId").GetGuid(),
        change.GetProperty("sequence").GetInt64(),
        change.GetProperty("testId").GetString()!,
        change.GetProperty("state").GetString()!,
        change.GetProperty("attempt").GetInt32(),
        Text(change, "workerId"),
        Text(change, "failureKind"),
        Text(change, "error"),
        Text(change, "reason") ?? "");

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.GetString() : null;
}
