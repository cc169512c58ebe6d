using System.Text.Json;
using MassTransit;

namespace LoadBalancer.Scheduler.Bus;

/// <summary>
/// Lets a dead letter say where in its body the trouble is. MassTransit writes the innermost cause, which knows no field
/// ("cannot get the value of a token type 'Number' as a string").
/// </summary>
internal sealed class PlaceInBody : IFilter<ExceptionReceiveContext>
{
    public Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        for (var exception = context.Exception; exception is not null; exception = exception.InnerException)
        {
            if (exception is JsonException { Path.Length: > 1 })
            {
                context.ExceptionHeaders.Set(MessageHeaders.FaultMessage, exception.Message);
                break;
            }
        }

        return next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("placeInBody");
}
