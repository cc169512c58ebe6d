using LoadBalancer.Contracts;
using MassTransit;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Outbox;

/// <summary>
/// Sends the scheduler's messages by the names of the protocol. Every send has a limit: after it the outcome is unknown, and whoever
/// needs it to arrive repeats it with the same message id.
/// </summary>
internal sealed class MessageSender(IBus bus, IOptions<SchedulerOptions> options)
{
    private static readonly Uri Assignments = new($"exchange:{Names.Assignments}?type=direct");
    private static readonly Uri Heartbeats = new($"exchange:{Names.WorkerHeartbeats}");
    private static readonly Uri TestEvents = new($"exchange:{Names.TestEvents}?type=topic");

    /// <exception cref="MessageReturnedException">The assignment could not be routed: the worker's queue is not bound.</exception>
    /// <exception cref="TimeoutException">The broker did not confirm in time.</exception>
    public Task SendAsync(OutboxMessage message, CancellationToken cancellationToken) => message.Kind switch
    {
        OutboxKind.Assignment => SendAsync(Assignments, message.Read<RunTest>(), message.MessageId, message.Address, cancellationToken),
        OutboxKind.Command => SendAsync(ControlOf(message.Address), message.Read<WorkerCommand>(), message.MessageId, null, cancellationToken),
        OutboxKind.Event => SendAsync(TestEvents, message.Read<TestRunsChanged>(), message.MessageId, message.Address, cancellationToken),
        _ => throw new InvalidDataException($"outbox message {message.Id} is of the unknown kind {message.Kind}"),
    };

    /// <summary>Sends a heartbeat of the scheduler's own, which is of no use later.</summary>
    public Task PulseAsync(WorkerHeartbeat pulse, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        SendAsync(Heartbeats, pulse, null, null, cancellationToken, timeToLive);

    /// <summary>Sends a hint that needs no repeating, because the worker asks again.</summary>
    public Task TellAsync(string workerId, WorkerCommand command, CancellationToken cancellationToken) =>
        SendAsync(ControlOf(workerId), command, null, null, cancellationToken);

    /// <summary>Answers a registration on the queue of that session alone.</summary>
    public Task AnswerAsync(string replyTo, WorkerCommand command, CancellationToken cancellationToken) =>
        SendAsync(new Uri($"exchange:{replyTo}?durable=false&autodelete=true"), command, null, null, cancellationToken);

    private static Uri ControlOf(string workerId) => new($"exchange:{Names.WorkerControl(workerId)}");

    private async Task SendAsync<T>(Uri address, T message, Guid? messageId, string? routingKey, CancellationToken cancellationToken, TimeSpan? timeToLive = null)
        where T : class
    {
        var limit = options.Value.SendTimeout;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(limit);
        var pipe = Pipe.Execute<SendContext<T>>(context =>
        {
            context.MessageId = messageId ?? context.MessageId;
            context.TimeToLive = timeToLive;
            if (routingKey is null)
                return;

            context.SetRoutingKey(routingKey);
            if (message is RunTest && context is PublishContext publish)
                publish.Mandatory = true;
        });
        // A token does not end a send that hangs on a lost channel, so the wait has a limit of its own.
        try
        {
            var endpoint = await bus.GetSendEndpoint(address).WaitAsync(limit, cancellationToken);
            await endpoint.Send(message, pipe, deadline.Token).WaitAsync(limit, cancellationToken);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"the broker did not confirm within {limit.TotalSeconds:0.###} s", late);
        }
    }
}
