using MassTransit;

namespace LoadBalancer.CrashingScheduler;

/// <summary>Sends of the mediator stay in this process, so they are no occasion.</summary>
internal sealed class CrashBeforeSend(CrashPoint point) : ISendObserver
{
    public Task PreSend<T>(SendContext<T> context) where T : class
    {
        if (context.DestinationAddress?.Scheme != "loopback")
        {
            point.Pass();
        }

        return Task.CompletedTask;
    }

    public Task PostSend<T>(SendContext<T> context) where T : class => Task.CompletedTask;

    public Task SendFault<T>(SendContext<T> context, Exception exception) where T : class => Task.CompletedTask;
}

internal sealed class CrashBeforePublish(CrashPoint point) : IPublishObserver
{
    public Task PrePublish<T>(PublishContext<T> context) where T : class
    {
        if (context.DestinationAddress?.Scheme != "loopback")
        {
            point.Pass();
        }

        return Task.CompletedTask;
    }

    public Task PostPublish<T>(PublishContext<T> context) where T : class => Task.CompletedTask;

    public Task PublishFault<T>(PublishContext<T> context, Exception exception) where T : class => Task.CompletedTask;
}
