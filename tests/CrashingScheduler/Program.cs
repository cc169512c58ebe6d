using LoadBalancer.CrashingScheduler;
using LoadBalancer.Scheduler;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.Persistence.Grouped;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;

// The real scheduler in a host that kills itself at the n-th of: CRASH_BEFORE_COMMIT, CRASH_AFTER_COMMIT, CRASH_BEFORE_SEND and
// CRASH_AFTER_SEND, for messages to the broker, and CRASH_AFTER_ASSIGNMENT, for assignments alone. The product has no hooks for this.
await using var app = SchedulerHost.Build(args, builder =>
{
    var before = CrashPoint.FromEnvironment("CRASH_BEFORE_COMMIT");
    var after = CrashPoint.FromEnvironment("CRASH_AFTER_COMMIT");
    builder.Services.ConfigureDbContext<SchedulerDbContext>(options => options.AddInterceptors(new CrashBeforeCommit(before), new CrashAfterCommit(after)));
    // What the writer of runs stores goes past EF Core.
    builder.Services.AddSingleton(provider => new GroupCommit(
        async writes =>
        {
            before.Pass();
            var committed = await provider.GetRequiredService<RunBatchWriter>().StoreAsync(writes);
            after.Pass();
            return committed;
        },
        provider.GetRequiredService<RunCache>(),
        provider.GetRequiredService<RunCommits>(),
        provider.GetRequiredService<ILogger<GroupCommit>>()));
    var sends = CrashPoint.FromEnvironment("CRASH_BEFORE_SEND");
    builder.Services.AddSendObserver(_ => new CrashBeforeSend(sends));
    builder.Services.AddPublishObserver(_ => new CrashBeforePublish(sends));
    var sent = CrashPoint.FromEnvironment("CRASH_AFTER_SEND");
    var assigned = CrashPoint.FromEnvironment("CRASH_AFTER_ASSIGNMENT");
    builder.Services.AddSendObserver(_ => new CrashAfterSend(sent, assigned));
});
await app.RunAsync();
return Environment.ExitCode;
