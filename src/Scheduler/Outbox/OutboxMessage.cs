using System.Text.Json;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.History;

namespace LoadBalancer.Scheduler.Outbox;

/// <summary>A message that commits with the change that caused it, and is deleted when the broker has confirmed it.</summary>
internal sealed class OutboxMessage
{
    /// <summary>Changes that one message tells at most: their texts are short, and nobody should be handed a huge message.</summary>
    private const int MostChanges = 100;

    /// <summary>What the body says, where it was made in this process.</summary>
    private object? content;

    public long Id { get; set; }

    /// <summary>Stays the same however often it is sent.</summary>
    public Guid MessageId { get; set; }

    public OutboxKind Kind { get; set; }

    /// <summary>Worker id for assignments and commands, routing key for events.</summary>
    public string Address { get; set; } = "";

    public string Body { get; set; } = "";

    public DateTimeOffset CreatedAt { get; set; }

    public static OutboxMessage Assignment(string workerId, RunTest message, DateTimeOffset now) =>
        New(OutboxKind.Assignment, workerId, message, now);

    public static OutboxMessage Command(string workerId, WorkerCommand message, DateTimeOffset now) =>
        New(OutboxKind.Command, workerId, message, now);

    /// <summary>What is announced together and has the same routing key travels together.</summary>
    public static IEnumerable<OutboxMessage> Events(IEnumerable<ChangeRow> changes) =>
        from change in changes
        group change by Names.EventRoutingKey(change.TestType, change.State) into line
        from part in line.Chunk(MostChanges)
        select Event(line.Key, part);

    public T Read<T>() where T : class =>
        content as T ?? JsonSerializer.Deserialize<T>(Body, JsonSerializerOptions.Web) ??
        throw new InvalidDataException($"outbox message {Id} has an empty body");

    private static OutboxMessage Event(string routingKey, ChangeRow[] changes) =>
        New(OutboxKind.Event, routingKey, new TestRunsChanged { Changes = [.. changes.Select(change => change.ToChange())] }, changes[^1].At);

    private static OutboxMessage New<T>(OutboxKind kind, string address, T content, DateTimeOffset now) where T : class => new()
    {
        MessageId = Guid.CreateVersion7(now),
        Kind = kind,
        Address = address,
        Body = JsonSerializer.Serialize(content, JsonSerializerOptions.Web),
        CreatedAt = now,
        content = content,
    };
}

internal enum OutboxKind
{
    Assignment,
    Command,
    Event,
}
