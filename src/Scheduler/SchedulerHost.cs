using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Api;
using LoadBalancer.Scheduler.Bus;
using LoadBalancer.Scheduler.Deadlines;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.LiveSettings;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.Persistence.Grouped;
using LoadBalancer.Scheduler.Retention;
using LoadBalancer.Scheduler.Submissions;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LoadBalancer.Scheduler;

/// <summary>Puts a scheduler together, for its own process, for the embedded mode and for tests.</summary>
internal static class SchedulerHost
{
    /// <param name="args">Settings as <c>--Section:Name=value</c>.</param>
    /// <param name="configure">A last word on the services, before they are built.</param>
    /// <exception cref="ConfigurationException">A setting is missing, wrong or unknown.</exception>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var settings = Settings.Read(builder.Configuration);
        AddSettings(builder.Services, settings);
        AddPersistence(builder.Services, settings);
        AddPlacement(builder.Services);
        AddScheduling(builder.Services);
        builder.Services.AddSchedulerBus(settings.Broker, CommitsInGroups(settings));
        AddApi(builder);
        builder.WebHost.UseUrls(settings.Api.Urls);
        configure?.Invoke(builder);

        var app = builder.Build();
        // A policy that nobody registered must stop the start, not the first decision.
        _ = app.Services.GetRequiredService<PolicySet>();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.MapApi();
        return app;
    }

    private static void AddSettings(IServiceCollection services, Settings settings)
    {
        services.AddSingleton(Options.Create(settings.Scheduler));
        services.AddSingleton(Options.Create(settings.Broker));
        services.AddSingleton(Options.Create(settings.Database));
        services.AddSingleton(Options.Create(settings.Api));
        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(20));
    }

    /// <summary>SQLite stores a run by a transaction of its own.</summary>
    private static bool CommitsInGroups(Settings settings) => settings.Scheduler.GroupCommit && !settings.Database.IsSqlite;

    private static void AddPersistence(IServiceCollection services, Settings settings)
    {
        var database = settings.Database;
        if (!database.IsSqlite)
        {
            services.AddSingleton(_ => database.ToDataSource());
            services.AddSingleton<EpochLock>();
        }

        services.AddDbContext<SchedulerDbContext>((provider, options) =>
            SchedulerDbContext.Use(options, database, provider.GetService<NpgsqlDataSource>(), provider.GetService<EpochLock>()));

        if (CommitsInGroups(settings))
            services.AddGroupCommit();
        services.AddSingleton<EmbeddedDatabaseGate>();
        services.AddSingleton<DatabaseSchema>();
    }

    private static void AddPlacement(IServiceCollection services)
    {
        services.AddSingleton<DurationModel>();
        services.AddSingleton(provider =>
        {
            var policies = Registered(provider.GetServices<IPlacementPolicy>());
            provider.GetRequiredService<Settings>().Policies.ApplyTo(policies);
            return policies;
        });
        services.AddSingleton(provider =>
        {
            var settings = provider.GetRequiredService<Settings>();
            var planner = new Planner(
                provider.GetRequiredService<PolicySet>(),
                provider.GetRequiredService<DurationModel>(),
                new Random(settings.Scheduler.Seed),
                settings.Scheduler.AgingStep,
                settings.Scheduler.LongFirst,
                settings.Scheduler.LookAhead);
            foreach (var (key, options) in settings.Keys)
                planner.LimitKey(key, options.Limit);
            foreach (var (submitter, weight) in settings.Shares)
                planner.Share(submitter, weight);
            return planner;
        });
    }

    private static PolicySet Registered(IEnumerable<IPlacementPolicy> policies)
    {
        try
        {
            return new PolicySet(policies);
        }
        catch (PolicySpecException bad)
        {
            throw new ConfigurationException([bad.Message]);
        }
    }

    private static void AddScheduling(IServiceCollection services)
    {
        services.AddSingleton(provider => Outcomes.In(provider.GetRequiredService<IServiceScopeFactory>()));
        services.AddSingleton<TestRunEvents>();
        services.AddSingleton<RunCommits>();
        services.AddSingleton<Cancellations>();
        services.AddSingleton<SubmissionDesk>();
        services.AddSingleton<WorkerBindings>();
        services.AddSingleton<HeartbeatPulse>();
        services.AddSingleton<PulseLoop>();
        services.AddSingleton<WorkerFleet>();
        services.AddSingleton<ReportOrder>();
        services.AddSingleton<Reconciliation>();
        services.AddSingleton<WorkerDrain>();
        services.AddSingleton<SchedulerEpoch>();
        services.AddSingleton<LeaderLease>();
        services.AddSingleton<Dispatcher>();
        services.AddSingleton<Rebalancer>();
        services.AddSingleton<SettingsInForce>();
        services.AddSingleton<MessageSender>();
        services.AddSingleton<OutboxSender>();
        services.AddSingleton<DeadlineSweeper>();
        services.AddSingleton<Pruner>();
        services.AddSingleton<SchedulerEndpoints>();
        services.AddSingleton<ActiveScheduler>();
        services.AddHostedService(provider => provider.GetRequiredService<ActiveScheduler>());
    }

    private static void AddApi(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TokenCheck>();
        builder.Services.AddProblemDetails();
        builder.Services.AddExceptionHandler<BadRequests>();
        // Else what cannot be bound is answered without a word about it.
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        builder.Services.AddOpenApi();
    }
}
