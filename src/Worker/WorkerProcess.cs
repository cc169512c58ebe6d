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
        await new BrokerProbe(address, options.Id, time, loggers.CreateLogger<BrokerProbe>()).WaitAsync(shutdown);
        var bus = RabbitMqBus.Create(address, options.Id, loggers);
        await bus.StartAsync(shutdown);
        try
        {
            await new WorkerAgent(bus, options, executors, time, loggers).RunAsync(shutdown);
        }
        finally
        {
            using var limit = new CancellationTokenSource(BusStopLimit, time);
            await bus.StopAsync(limit.Token)
                .WaitAsync(BusStopLimit, time, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
