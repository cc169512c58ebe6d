using LoadBalancer.Cli.Api;
using LoadBalancer.Scheduler;
using LoadBalancer.Worker;
using LoadBalancer.Worker.Detection;
using LoadBalancer.Worker.Sessions;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using ConfigurationException = LoadBalancer.Scheduler.ConfigurationException;

namespace LoadBalancer.Cli.Embedded;

/// <summary>What an embedded installation is made of.</summary>
/// <param name="Urls">Where the API listens; port 0 takes a free one.</param>
/// <param name="Directory">Holds the database and the workers' directories.</param>
/// <param name="Workers">Each with an id and a work directory of its own.</param>
/// <param name="LogLevel">The least that is logged, to stderr.</param>
internal sealed record EmbeddedSettings(string Urls, string Directory, IReadOnlyList<WorkerOptions> Workers, LogLevel LogLevel);

/// <summary>
/// Scheduler and workers in this process, on an in-memory bus and SQLite: the same parts as in production, reached by the same API.
/// </summary>
internal sealed class EmbeddedHost : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StartPoll = TimeSpan.FromMilliseconds(50);

    private readonly EmbeddedSettings settings;
    private readonly TimeProvider time;
    private readonly WebApplication app;
    private readonly CancellationTokenSource stopping = new();
    private Task[] workers = [];

    private EmbeddedHost(EmbeddedSettings settings, TimeProvider time)
    {
        this.settings = settings;
        this.time = time;
        app = Build();
    }

    /// <summary>Where the API really listens.</summary>
    public Uri Address => new(app.Urls.First());

    /// <summary>Returns when the scheduler decides and every worker is registered.</summary>
    /// <exception cref="LbException">An address is taken, or a setting or directory cannot be used.</exception>
    public static async Task<EmbeddedHost> Start(EmbeddedSettings settings, TimeProvider time, CancellationToken cancel)
    {
        var host = new EmbeddedHost(settings, time);
        try
        {
            await host.StartScheduler(cancel);
            await host.StartWorkers(cancel);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends with an error when a part ends by itself; else waits for <paramref name="cancel"/>.</summary>
    public async Task Watch(CancellationToken cancel)
    {
        var ended = await Task.WhenAny([.. workers, Task.Delay(Timeout.InfiniteTimeSpan, time, cancel)]);
        await ended;
    }

    /// <summary>The workers end their tests and say goodbye before the scheduler goes.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(workers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    private WebApplication Build()
    {
        string[] args =
        [
            "--Broker:Url=memory://lb",
            $"--Database:ConnectionString=Data Source={Path.Combine(settings.Directory, "scheduler.db")}",
            $"--Api:Urls={settings.Urls}",
            // Every worker registers within the start, so nothing is gained by waiting for more.
            "--Scheduler:StartGrace=00:00:02",
        ];
        try
        {
            return SchedulerHost.Build(args, builder =>
            {
                builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
                builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
                builder.Services.PostConfigure<LoggerFilterOptions>(Quieten);
            });
        }
        catch (ConfigurationException e)
        {
            throw LbException.BadInput(e.Message);
        }
    }

    /// <summary>
    /// Raises the levels that the scheduler's settings name; what they silence stays silent. What a stop cuts off is no news.
    /// </summary>
    private void Quieten(LoggerFilterOptions filter)
    {
        var least = settings.LogLevel;
        for (var i = 0; i < filter.Rules.Count; i++)
        {
            if (filter.Rules[i] is { LogLevel: { } level } rule)
                filter.Rules[i] = new LoggerFilterRule(rule.ProviderName, rule.CategoryName, level > least ? level : least, (_, _, _) => !stopping.IsCancellationRequested);
        }

        filter.MinLevel = least;
        // A start that fails is told by the command line, in a sentence.
        filter.Rules.Add(new LoggerFilterRule(providerName: null, "Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None, filter: null));
    }

    private async Task StartScheduler(CancellationToken cancel)
    {
        try
        {
            await app.StartAsync(cancel);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw LbException.BadInput($"{settings.Urls} is taken: give another address, such as --urls http://127.0.0.1:5081 (port 0 takes a free one)");
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or IOException)
        {
            throw LbException.BadInput($"cannot listen on {settings.Urls}: {e.Message} Give another address by --urls.");
        }

        var scheduler = app.Services.GetRequiredService<ActiveScheduler>();
        await Until(() => Task.FromResult(scheduler.IsReady), "the scheduler", cancel);
    }

    private async Task StartWorkers(CancellationToken cancel)
    {
        var bus = app.Services.GetRequiredService<IBus>();
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();
        var machine = await CapabilityDetection.OfThisMachineAsync(time, cancel);
        workers = [.. settings.Workers.Select(options =>
            new WorkerAgent(bus, options, [], time, loggers) { Machine = machine }.RunAsync(stopping.Token))];

        using var client = new SchedulerClient(Address, token: null, time);
        await Until(() => AllAlive(client, settings.Workers, cancel), "a worker", cancel);
    }

    private async Task<bool> AllAlive(SchedulerClient client, IReadOnlyList<WorkerOptions> expected, CancellationToken cancel)
    {
        if (workers.FirstOrDefault(worker => worker.IsFaulted) is { } faulted)
            throw LbException.BadInput($"a worker cannot start: {faulted.Exception!.GetBaseException().Message}");

        var alive = (await client.Workers(cancel)).Where(worker => worker.Status == "alive").Select(worker => worker.WorkerId).ToHashSet();
        return expected.All(worker => alive.Contains(worker.Id));
    }

    private async Task Until(Func<Task<bool>> condition, string what, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        while (!await condition())
        {
            if (time.GetElapsedTime(start) > StartLimit)
                throw LbException.Unreachable($"{what} did not start within {StartLimit.TotalSeconds:0} s; the log above says why");
            await Task.Delay(StartPoll, time, cancel);
        }
    }

    /// <summary>Signals are the command line's: it stops the workers before the scheduler.</summary>
    private sealed class EmbeddedLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
