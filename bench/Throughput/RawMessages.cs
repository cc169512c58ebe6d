using System.Diagnostics;
using MassTransit;

namespace LoadBalancer.Throughput;

/// <summary>What the broker and MassTransit can do at most here: one small message published, confirmed and consumed.</summary>
internal static class RawMessages
{
    private const int UnderWay = 200;

    public static async Task<double> PerSecondAsync(Uri broker, int count)
    {
        var consumed = new CountdownEvent(count);
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(broker, "bench raw");
            rabbit.ReceiveEndpoint("bench-raw", endpoint =>
            {
                endpoint.PrefetchCount = UnderWay;
                endpoint.Handler<SmallMessage>(_ =>
                {
                    consumed.Signal();
                    return Task.CompletedTask;
                });
            });
        });
        await bus.StartAsync();
        try
        {
            var began = Stopwatch.GetTimestamp();
            await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = UnderWay }, async (i, token) =>
                await bus.Publish(new SmallMessage(Guid.NewGuid(), i), token));
            consumed.Wait();
            return count / Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        finally
        {
            await bus.StopAsync();
            consumed.Dispose();
        }
    }
}

/// <summary>What is sent.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Number">Its number.</param>
public sealed record SmallMessage(Guid Id, int Number);
