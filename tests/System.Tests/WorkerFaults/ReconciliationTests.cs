using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>What a worker lists against what it should have.</summary>
public sealed class ReconciliationTests(TestServers servers) : WorkerFaultTest(servers)
{
    [Fact]
    public async Task A_run_that_its_worker_no_longer_lists_is_requeued_and_one_that_is_not_its_own_is_stopped()
    {
        var scheduler = await StartSchedulerAsync(LongLease);
        var worker = await ConnectScriptedWorkerAsync("w1");
        await worker.RegisterAsync();
        await Client.SubmitAsync(Submission.Shell("true"));
        var first = await worker.NextRunAsync();
        await worker.ReportStartedAsync(first);
        await scheduler.WaitForRunAsync(first.RunId, run => run.State == "Running", "runs");

        worker.ListNowhere(first);
        var second = await worker.NextRunAsync();
        Assert.Equal((first.RunId, 2), (second.RunId, second.Attempt));
        var requeued = Assert.Single((await scheduler.GetRunAsync(first.RunId))!.Timeline, change => change.State == "Requeued");
        Assert.Contains("no longer has it", requeued.Reason, StringComparison.Ordinal);

        var stranger = Guid.NewGuid();
        await worker.ReportStartedAsync(second);
        worker.ListAsRunning(stranger, 1);
        worker.ListAsRunning(first.RunId, 1);
        foreach (var runId in (Guid[])[stranger, first.RunId])
        {
            await worker.WaitForCommandAsync("heartbeatAnswered", answer => answer.GetProperty("stop").EnumerateArray().Any(
                attempt => attempt.GetProperty("runId").GetGuid() == runId && attempt.GetProperty("attempt").GetInt32() == 1));
        }

        await worker.ReportFinishedAsync(second);
        Assert.Equal(("Completed", 2), ((await scheduler.WaitForEndAsync(first.RunId)).State, second.Attempt));
    }

    [Fact]
    public async Task A_run_that_never_ends_is_told_to_stop_and_keeps_its_place_until_its_worker_confirms()
    {
        var scheduler = await StartSchedulerAsync(("Scheduler__ExecutionGrace", "00:00:01"));
        var worker = await ConnectScriptedWorkerAsync("w1");
        await worker.RegisterAsync();
        await Client.SubmitAsync(Submission.Shell("true", more: ("timeoutSeconds", 1)));
        var endless = await worker.NextRunAsync();
        await worker.ReportStartedAsync(endless);

        await worker.WaitForCommandAsync("stopTest", endless.RunId);
        // Asked again and again: it has not ended in between.
        await Eventually.TrueAsync("it is told once more", () => worker.Commands.Count(command => command.GetProperty("type").GetString() == "stopTest") > 1);
        Assert.Equal("Running", (await scheduler.GetRunAsync(endless.RunId))!.State);
        Assert.Equal(1, (await scheduler.WorkerAsync("w1"))!.BusySlots);
        await Client.SubmitAsync(Submission.Shell("true"));

        await worker.ReportFinishedAsync(endless, "stopped");

        var run = await scheduler.WaitForEndAsync(endless.RunId);
        Assert.Equal(("Failed", "TimedOut"), (run.State, run.FailureKind));
        Assert.NotEqual(endless.RunId, (await worker.NextRunAsync()).RunId);
    }
}
