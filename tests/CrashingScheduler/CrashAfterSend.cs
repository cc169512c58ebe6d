using LoadBalancer.Contracts;
using MassTransit;

namespace LoadBalancer.CrashingScheduler;

/// <summary>The broker has confirmed the message, and its row is still in the outbox.</summary>
internal sealed class CrashAfterSend(CrashPoint any, CrashPoint assignment) : ISendObserver
{
    public Task PreSend<T>(SendContext<T> context) where T : class => Task.CompletedTask;

    public Task PostSend<T>(SendContext<T> context) where T : class
    {
        if (context.DestinationAddress?.Scheme == "loopback")
        {
            return Task.CompletedTask;
        }

        any.Pass();
        if (context.Message is RunTest)
        {
            assignment.Pass();
        }

        return Task.CompletedTask;
    }

    public Task SendFault<T>(SendContext<T> context, Exception exception) where T : class => Task.CompletedTask;
}
