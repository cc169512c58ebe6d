using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.Persistence;
using MassTransit;
using RabbitMQ.Client.Exceptions;

namespace LoadBalancer.Scheduler.Bus;

/// <summary>
/// Failures that are nobody's message's fault: its handling waits until they have passed. Everything else is deterministic and ends in the
/// queue's <c>_error</c>, a conflict once it has shown to be none that passes.
/// </summary>
internal static class PassingTrouble
{
    /// <summary>Whoever came in between has committed long before these are used up.</summary>
    private const int MostConflicts = 5;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    public static bool Is(Exception exception) => DatabaseTrouble.IsAway(exception) || IsOfBroker(exception) || IsOfLeadership(exception);

    /// <summary>Lets every message of the queue wait for what passes, until nothing is consumed any more.</summary>
    public static void WaitForPassingTrouble(this IConsumePipeConfigurator queue, CancellationToken until)
    {
        // Without a limit: with the database away every place is soon taken by a message that waits, and the queue keeps the rest.
        queue.UseMessageRetry(retry =>
        {
            retry.Handle<Exception>(exception => !until.IsCancellationRequested && Is(exception));
            retry.Exponential(int.MaxValue, FirstPause, LongestPause, FirstPause);
        });
        // One that never passes would keep its place for ever.
        queue.UseMessageRetry(retry =>
        {
            retry.Handle<Exception>(exception => !until.IsCancellationRequested && DatabaseTrouble.IsConflict(exception) && !Is(exception));
            retry.Exponential(MostConflicts, FirstPause, LongestPause, FirstPause);
        });
    }

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
