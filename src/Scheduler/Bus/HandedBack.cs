using MassTransit;

namespace LoadBalancer.Scheduler.Bus;

/// <summary>
/// Ends the handling of messages when nothing is consumed any more, whatever it waits for: a cancellation is what returns a message to its
/// queue. What has begun may go on behind it, so a message can be handled twice.
/// </summary>
internal sealed class HandedBack(CancellationToken ended) : IFilter<ConsumeContext>
{
    public async Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        ended.ThrowIfCancellationRequested();
        await next.Send(context).WaitAsync(ended);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("handedBack");
}
