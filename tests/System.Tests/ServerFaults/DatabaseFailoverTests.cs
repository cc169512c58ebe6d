using System.Text.Json.Nodes;
using LoadBalancer.Contracts;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>A standby takes over from a database server that was ahead of it: what was committed last is gone.</summary>
public sealed class DatabaseFailoverTests(TestServers servers, OwnDatabase database) : ServerFaultTest(servers), IClassFixture<OwnDatabase>
{
    private static readonly (string Name, string Value)[] Impatient = [("Scheduler__StartTimeout", "00:00:04")];

    private protected override DatabaseServer DatabaseServer => database.Server;

    [Fact]
    public async Task What_a_lagging_standby_does_not_know_goes_back_and_nothing_is_stuck_or_ends_twice()
    {
        var scheduler = await StartSchedulerAsync(Impatient);
        await StartSteadyWorkerAsync(scheduler, "w1", slots: 2);
        var (steady, brief, waiting, lost) = (Journal.Test("steady", "end"), Journal.Test("brief", "brief"), Journal.Test("waiting", "end"), Journal.Test("lost"));
        await SubmitAsync(steady, brief);
        await IsAsync(scheduler, steady, "Running");
        await IsAsync(scheduler, brief, "Running");
        await SubmitAsync(waiting);
        await IsAsync(scheduler, waiting, "Submitted");
        var takeOver = await database.Program.NewStandbyAsync();

        // All of this is acknowledged, and the standby has none of it: neither two epochs, nor a result, an assignment and a submission.
        scheduler = await RestartedAsync(await RestartedAsync(scheduler));
        Journal.Open("brief");
        await IsAsync(scheduler, brief, "Completed");
        await IsAsync(scheduler, waiting, "Running");
        await SubmitToAsync(scheduler, lost);
        await database.Program.CrashAsync();
        takeOver();
        await database.Program.BootAsync();

        Assert.Equal(3, await scheduler.WaitForEndOfProcessAsync(Eventually.Limit));
        Assert.Contains("database is another one than before", scheduler.Output, StringComparison.Ordinal);
        scheduler = await StartSchedulerAsync(Impatient);
        Assert.Null(await scheduler.GetRunAsync(Submission.RunIdOf(lost)));
        Assert.Equal("accepted", (await scheduler.SubmitAsync(lost)).Status);
        Journal.Open("end");

        await EachCompletesAsync(scheduler, maxAttempt: 3);
        Assert.Equal(1, (await scheduler.GetRunAsync(Submission.RunIdOf(steady)))!.Attempt);
        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM reservations"));
        Assert.Equal(4, await Database.ScalarAsync<long>("SELECT count(*) FROM outcomes WHERE accepted AND outcome = 'Passed'"));
        await scheduler.WaitUntilReadyAsync();
    }

    private async Task<SchedulerProcess> RestartedAsync(SchedulerProcess scheduler)
    {
        await scheduler.KillAsync();
        return await StartSchedulerAsync(Impatient);
    }

    private static Task<RunDetail> IsAsync(SchedulerProcess scheduler, JsonObject test, string state) =>
        scheduler.WaitForRunAsync(Submission.RunIdOf(test), run => run.State == state, state);
}
