using LoadBalancer.Worker.Broker;
using LoadBalancer.Worker.Executors;
using LoadBalancer.Worker.Sessions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker;

/// <summary>Connects, runs the agent, and disconnects after it.</summary>
internal sealed class WorkerProcess(
    WorkerOptions options, BrokerAddress address, IEnumerable<ITestExecutor> executors, TimeProvider time, ILoggerFactory loggers,
    IHostApplicationLifetime lifetime) : BackgroundService
{
    private static readonly TimeSpan BusStopLimit = TimeSpan.FromSeconds(15);

    /// <summary>Why the worker ended by itself, or null.</summary>
    public Exception? Failure { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RunOnBusAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to end before the broker was there.
        }
        catch (Exception error) when (error is SettingException or BrokerRefusedException)
        {
            Failure = error;
        }
        finally
        {
            lifetime.StopApplication();
        }
    }

    private async Task RunOnBusAsync(CancellationToken shutdown)
    {
        var probe = new BrokerProbe(address, options.Id, time, loggers.CreateLogger<BrokerProbe>());
        await probe.WaitAsync(shutdown);
        var watch = new BrokerWatch(probe, options.Id, time, loggers.CreateLogger<BrokerWatch>());
        var bus = RabbitMqBus.Create(address, options.Id, loggers);
        bus.ConnectReceiveEndpointObserver(watch);
        await bus.StartAsync(shutdown);
        var watching = watch.RunAsync(shutdown);
        try
        {
            var agent = new WorkerAgent(bus, options, executors, time, loggers)
            {
                SessionMayBegin = watch.AllowedAsync,
                Refusals = () => watch.Refusals,
            };
            await agent.RunAsync(shutdown);
        }
        finally
        {
            using var limit = new CancellationTokenSource(BusStopLimit, time);
            await bus.StopAsync(limit.Token)
                .WaitAsync(BusStopLimit, time, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
