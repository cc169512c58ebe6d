using LoadBalancer.Worker.Broker;
using LoadBalancer.Worker.Executors;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace LoadBalancer.Worker;

/// <summary>A worker in a process of its own, on RabbitMQ.</summary>
public static class WorkerHost
{
    private const int CannotBegin = 2;

    private static readonly TimeSpan StopMargin = TimeSpan.FromSeconds(60);

    /// <summary>Runs one worker until the process is asked to end.</summary>
    /// <param name="args">Settings, such as <c>--Worker:Slots=4</c>.</param>
    /// <param name="executors">Executors beside the built-in one that starts processes, each for one test type.</param>
    /// <returns>The exit code: 0 after a shutdown, 2 for a bad configuration or when the broker refuses the worker.</returns>
    public static async Task<int> RunAsync(string[] args, params ITestExecutor[] executors)
    {
        try
        {
            using var host = Build(args, executors);
            var worker = host.Services.GetRequiredService<WorkerProcess>();
            await host.RunAsync();
            return worker.Failure is { } failure ? Failed(failure) : 0;
        }
        catch (SettingException error)
        {
            return Failed(error);
        }
    }

    private static IHost Build(string[] args, ITestExecutor[] executors)
    {
        var settings = new HostApplicationBuilderSettings { Args = args, ContentRootPath = AppContext.BaseDirectory };
        var builder = Host.CreateApplicationBuilder(settings);
        builder.Logging.AddConsole(console => console.FormatterName = LineFormatter.FormatterName);
        builder.Logging.AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>();
        builder.Logging.AddFilter("Microsoft.Hosting", LogLevel.Warning);
        builder.Logging.AddFilter("MassTransit", LogLevel.Error);

        var options = WorkerSettings.Worker(builder.Configuration);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(BrokerAddress.Of(WorkerSettings.BrokerUrl(builder.Configuration)));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IEnumerable<ITestExecutor>>(executors);
        builder.Services.AddSingleton<WorkerProcess>();
        builder.Services.AddHostedService(services => services.GetRequiredService<WorkerProcess>());
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout + options.KillGrace + StopMargin);
        return builder.Build();
    }

    private static int Failed(Exception error)
    {
        Console.Error.WriteLine($"lb-worker: {error.Message}");
        return CannotBegin;
    }
}
