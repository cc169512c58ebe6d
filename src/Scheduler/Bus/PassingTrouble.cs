using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.Persistence;
using MassTransit;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.Scheduler.Bus;

/// <summary>
/// Failures that are nobody's message's fault: its handling waits until they have passed. Everything else is deterministic and ends in the
/// queue's <c>_error</c>.
/// </summary>
internal static class PassingTrouble
{
    public static bool Is(Exception exception) =>
        DatabaseTrouble.IsAway(exception) || DatabaseTrouble.IsConflict(exception) || IsOfBroker(exception) || IsOfLeadership(exception);

    /// <summary>This scheduler is about to end, and the message returns to its queue for the one that leads.</summary>
    private static bool IsOfLeadership(Exception? exception) =>
        exception is NotLeadingException || (exception?.InnerException is { } inner && IsOfLeadership(inner));

    /// <summary>
    /// A channel that is closed before it confirms fails with a <see cref="TransportException"/>. A limit that ends a send does so by a
    /// cancellation, and whatever has one for its innermost cause MassTransit calls a consumer that gave up.
    /// </summary>
    private static bool IsOfBroker(Exception? exception) =>
        exception is TimeoutException or RabbitMQClientException or ConnectionException or TransportException or ConsumerCanceledException ||
        (exception?.InnerException is { } inner && IsOfBroker(inner));
}
