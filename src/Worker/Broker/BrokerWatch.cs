using System.Collections.Concurrent;
using System.Threading.Channels;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Broker;

/// <summary>
/// Looks again at what the broker allows whenever an endpoint fails or was connected again: a right that is taken away is missed from the
/// next connection on, and the bus, which tries for ever, does not say which. The worker goes on meanwhile: an operator's slip need not
/// cost its tests.
/// </summary>
internal sealed class BrokerWatch(BrokerProbe probe, string workerId, TimeProvider time, ILogger logger) : IReceiveEndpointObserver
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> occasions = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly ConcurrentDictionary<Uri, bool> connected = new();

    /// <summary>Watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in occasions.Reader.ReadAllAsync(cancellationToken))
            await LookUntilAllowedAsync(cancellationToken);
    }

    public Task Faulted(ReceiveEndpointFaulted faulted) => LookAsync();

    public Task Ready(ReceiveEndpointReady ready) => connected.TryAdd(ready.InputAddress, true) ? Task.CompletedTask : LookAsync();

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed) => Task.CompletedTask;

    private Task LookAsync()
    {
        occasions.Writer.TryWrite(true);
        return Task.CompletedTask;
    }

    /// <summary>Says the reason once, and again when it is another one or gone.</summary>
    private async Task LookUntilAllowedAsync(CancellationToken cancellationToken)
    {
        for (var said = ""; ; await Task.Delay(Pause, time, cancellationToken))
        {
            try
            {
                await probe.WaitAsync(cancellationToken);
                if (said.Length > 0)
                    logger.AllowedAgain(workerId);
                return;
            }
            catch (BrokerRefusedException refused)
            {
                if (refused.Message != said)
                    logger.NotAllowed(workerId, refused.Message);
                said = refused.Message;
            }
        }
    }
}
