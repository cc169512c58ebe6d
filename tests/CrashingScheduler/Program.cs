using LoadBalancer.CrashingScheduler;
using LoadBalancer.Scheduler;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.Persistence.Grouped;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;

// The real scheduler in a host that kills itself: CRASH_AFTER_COMMIT=n right after its n-th commit, CRASH_BEFORE_SEND=n right before
// its n-th message to the broker. The product has no hooks for this.
await using var app = SchedulerHost.Build(args, builder =>
{
    var commits = new CrashAfterCommit(CrashPoint.FromEnvironment("CRASH_AFTER_COMMIT"));
    builder.Services.ConfigureDbContext<SchedulerDbContext>(options => options.AddInterceptors(commits));
    // What the writer of runs stores goes past EF Core.
    builder.Services.AddSingleton(provider => new GroupCommit(
        async writes =>
        {
            var committed = await provider.GetRequiredService<RunBatchWriter>().StoreAsync(writes);
            commits.Pass();
            return committed;
        },
        provider.GetRequiredService<RunCache>(),
        provider.GetRequiredService<RunCommits>()));
    var sends = CrashPoint.FromEnvironment("CRASH_BEFORE_SEND");
    builder.Services.AddSendObserver(_ => new CrashBeforeSend(sends));
    builder.Services.AddPublishObserver(_ => new CrashBeforePublish(sends));
});
await app.RunAsync();
return Environment.ExitCode;
