using LoadBalancer.Scheduler.Persistence;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.Scheduler.Bus;

/// <summary>
/// Failures that are nobody's message's fault: its handling waits until they have passed. Everything else is deterministic and ends in the
/// queue's <c>_error</c>.
/// </summary>
internal static class PassingTrouble
{
    public static bool Is(Exception exception) =>
        DatabaseTrouble.IsAway(exception) || DatabaseTrouble.IsConflict(exception) || IsOfBroker(exception);

    private static bool IsOfBroker(Exception? exception) =>
        exception is TimeoutException or RabbitMQClientException or MassTransit.ConnectionException ||
        (exception?.InnerException is { } inner && IsOfBroker(inner));
}
