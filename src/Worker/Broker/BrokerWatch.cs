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
    private volatile TaskCompletionSource? refused;

    /// <summary>How often the worker began to be refused. Endpoints may have given up each time, and hear nothing more.</summary>
    public int Refusals { get; private set; }

    /// <summary>Completes when no refusal is known: until then a session would begin in vain.</summary>
    public Task AllowedAsync(CancellationToken cancellationToken) => refused?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;

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

    private async Task LookUntilAllowedAsync(CancellationToken cancellationToken)
    {
        for (var said = ""; ; await Task.Delay(Pause, time, cancellationToken))
        {
            try
            {
                await probe.WaitAsync(cancellationToken);
                SayAllowed();
                return;
            }
            catch (BrokerRefusedException refusal)
            {
                if (refused is null)
                    Refusals++;
                refused ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (refusal.Message != said)
                    logger.NotAllowed(workerId, refusal.Message);
                said = refusal.Message;
            }
        }
    }

    private void SayAllowed()
    {
        if (refused is not { } over)
            return;

        logger.AllowedAgain(workerId);
        refused = null;
        over.SetResult();
    }
}
