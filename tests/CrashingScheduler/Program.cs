using LoadBalancer.CrashingScheduler;
using LoadBalancer.Scheduler;
using LoadBalancer.Scheduler.Persistence;
using MassTransit;

// The real scheduler in a host that kills itself at the n-th of: CRASH_BEFORE_COMMIT, CRASH_AFTER_COMMIT, CRASH_BEFORE_SEND and
// CRASH_AFTER_SEND, for messages to the broker, and CRASH_AFTER_ASSIGNMENT, for assignments alone. The product has no hooks for this.
await using var app = SchedulerHost.Build(args, builder =>
{
    var before = new CrashBeforeCommit(CrashPoint.FromEnvironment("CRASH_BEFORE_COMMIT"));
    var after = new CrashAfterCommit(CrashPoint.FromEnvironment("CRASH_AFTER_COMMIT"));
    builder.Services.ConfigureDbContext<SchedulerDbContext>(options => options.AddInterceptors(before, after));
    var sends = CrashPoint.FromEnvironment("CRASH_BEFORE_SEND");
    builder.Services.AddSendObserver(_ => new CrashBeforeSend(sends));
    builder.Services.AddPublishObserver(_ => new CrashBeforePublish(sends));
    var sent = CrashPoint.FromEnvironment("CRASH_AFTER_SEND");
    var assigned = CrashPoint.FromEnvironment("CRASH_AFTER_ASSIGNMENT");
    builder.Services.AddSendObserver(_ => new CrashAfterSend(sent, assigned));
});
await app.RunAsync();
return Environment.ExitCode;
