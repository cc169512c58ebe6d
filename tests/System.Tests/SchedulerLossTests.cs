using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>A scheduler that is killed while a real worker works.</summary>
public sealed class SchedulerLossTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task A_run_goes_on_while_its_scheduler_is_killed_and_its_result_is_taken_by_the_next_one()
    {
        var first = await StartSchedulerAsync();
        await StartWorkerAsync(first, "w1");
        var events = await FollowEventsAsync();
        var submission = Submission.Shell($"echo ran >> {Folder}/runs; while [ ! -e {Folder}/go ]; do sleep 0.1; done");
        var runId = Submission.RunIdOf(submission);
        await Client.SubmitAsync(submission);
        await events.WaitForAsync(runId, "Running");

        await first.KillAsync();
        await File.WriteAllTextAsync(Path.Combine(Folder, "go"), "", TestContext.Current.CancellationToken);
        var second = await StartSchedulerAsync();

        var run = await second.WaitForEndAsync(runId);
        Assert.Equal(("Completed", 1, "w1"), (run.State, run.Attempt, run.WorkerId));
        Assert.Equal(["ran"], await File.ReadAllLinesAsync(Path.Combine(Folder, "runs"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_it_had_not_sent_is_sent_by_the_next_one_at_once_whatever_its_clock_had_said()
    {
        var first = await StartSchedulerAsync();
        await first.KillAsync();
        await Database.ScalarAsync<object>("""
            INSERT INTO outbox (message_id, kind, address, body, created_at)
            VALUES (gen_random_uuid(), 'Event', 'unit.Completed', '{"changes": []}', now() + interval '1 hour')
            """);

        await StartSchedulerAsync();

        await Eventually.TrueAsync("it is sent", async () => await Database.ScalarAsync<long>("SELECT count(*) FROM outbox") == 0);
    }
}

/// <summary>A scheduler that dies right before each of its commits.</summary>
public sealed class CrashBeforeCommitTests(TestServers servers) : CrashingSchedulerTest(servers)
{
    [Fact]
    public Task Nothing_is_lost_or_accepted_twice_when_the_scheduler_dies_before_a_commit() => DieAtEachOccasionAsync("CRASH_BEFORE_COMMIT");
}

/// <summary>A scheduler that dies right after each of its commits.</summary>
public sealed class CrashAfterCommitTests(TestServers servers) : CrashingSchedulerTest(servers)
{
    [Fact]
    public Task Nothing_is_lost_or_accepted_twice_when_the_scheduler_dies_after_a_commit() => DieAtEachOccasionAsync("CRASH_AFTER_COMMIT");
}

/// <summary>A scheduler that dies right before each of its messages to the broker.</summary>
public sealed class CrashBeforeSendTests(TestServers servers) : CrashingSchedulerTest(servers)
{
    [Fact]
    public Task Nothing_is_lost_or_accepted_twice_when_the_scheduler_dies_before_a_send() => DieAtEachOccasionAsync("CRASH_BEFORE_SEND");
}

/// <summary>A scheduler that dies when the broker has confirmed a message whose row is still in the outbox.</summary>
public sealed class CrashAfterSendTests(TestServers servers) : CrashingSchedulerTest(servers)
{
    [Fact]
    public Task Nothing_is_lost_or_accepted_twice_when_the_scheduler_dies_after_a_send() => DieAtEachOccasionAsync("CRASH_AFTER_SEND");

    [Fact]
    public async Task An_assignment_that_is_sent_again_after_the_crash_is_dropped_by_the_worker()
    {
        var crashing = await StartCrashingSchedulerAsync("CRASH_AFTER_ASSIGNMENT", occasion: 1);
        var worker = await StartWorkerAsync(crashing, "w1", settings: ("Logging__LogLevel__LoadBalancer", "Debug"));
        var submission = Submission.Shell($"echo ran >> {Folder}/runs; while [ ! -e {Folder}/go ]; do sleep 0.1; done");
        await Client.SubmitAsync(submission);
        Assert.Equal(128 + 9, await crashing.WaitForEndOfProcessAsync(Eventually.Limit));
        const string Left = "SELECT count(*) FROM outbox WHERE address = 'w1'";
        Assert.Equal(1, await Database.ScalarAsync<long>(Left));

        var next = await StartSchedulerAsync();
        await Eventually.TrueAsync(
            "the worker dropped the second copy", () => worker.Output.Contains("is not new and is dropped", StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(Folder, "go"), "", TestContext.Current.CancellationToken);

        var run = await next.WaitForEndAsync(Submission.RunIdOf(submission));
        Assert.Equal(("Completed", 1), (run.State, run.Attempt));
        Assert.Equal(["ran"], await File.ReadAllLinesAsync(Path.Combine(Folder, "runs"), TestContext.Current.CancellationToken));
        await Eventually.TrueAsync("its row is removed", async () => await Database.ScalarAsync<long>(Left) == 0);
    }
}

/// <summary>
/// Starts one scheduler after the other on the same broker and database. Each gets further than the one before it and finds what that
/// one left. The first ones get one occasion further and are given one more run each, so that every step is the last one of some
/// scheduler; then the distance doubles, until one lives long enough to end all runs.
/// </summary>
public abstract class CrashingSchedulerTest(TestServers servers) : SystemTest(servers)
{
    private const int LastOccasion = 200;

    /// <summary>More than one run needs from its submission to its result, so that each of its steps is the last one of some scheduler.</summary>
    private const int LastWithNewRun = 10;
    private static readonly TimeSpan WorkerLimit = TimeSpan.FromMinutes(15);

    private protected async Task DieAtEachOccasionAsync(string variable)
    {
        // A first one makes the queues and the tables, so that the occasions are those of the work.
        var first = await StartSchedulerAsync();
        await first.KillAsync();
        var worker = await ConnectScriptedWorkerAsync("w1", slots: 4);
        var work = WorkAsync(worker);

        var runs = new List<Guid>();
        for (var occasion = 1; ; occasion += occasion < LastWithNewRun ? 1 : occasion)
        {
            Assert.True(occasion <= LastOccasion, $"no scheduler lived long enough; {runs.Count} runs");
            if (occasion <= LastWithNewRun)
            {
                var submission = Submission.Shell("true", testId: $"run-{occasion}");
                runs.Add(Submission.RunIdOf(submission));
                await Client.SubmitAsync(submission);
            }

            if (await LivesUntilAllHaveEndedAsync(variable, occasion, runs))
            {
                break;
            }
        }

        var last = await StartSchedulerAsync();
        foreach (var runId in runs)
        {
            var run = await last.WaitForEndAsync(runId);
            Assert.Equal("Completed", run.State);
            Assert.Single(run.Timeline, change => change.State is "Completed" or "Failed" or "Cancelled");
            Assert.Equal(run.Timeline.Select(change => change.Sequence).Distinct().Order(), run.Timeline.Select(change => change.Sequence));
            const string Accepted = "SELECT count(*) FROM outcomes WHERE run_id = @run AND accepted";
            Assert.Equal(1, await Database.ScalarAsync<long>(Accepted, ("run", runId)));
        }

        Assert.Equal(worker.Received.Count, worker.Received.Select(run => (run.RunId, run.Attempt)).Distinct().Count());
        Assert.Empty(work.IsFaulted ? [work.Exception.InnerException!.Message] : Array.Empty<string>());
    }

    private async Task<bool> LivesUntilAllHaveEndedAsync(string variable, int occasion, List<Guid> runs)
    {
        var scheduler = await StartCrashingSchedulerAsync(variable, occasion);
        await Eventually.TrueAsync($"the scheduler with {variable}={occasion} died, or all runs have ended", async () =>
            scheduler.HasExited || await AllHaveEndedAsync(runs));
        if (scheduler.HasExited)
        {
            Assert.Equal(128 + 9, scheduler.ExitCode);
            return false;
        }

        await scheduler.KillAsync();
        return true;
    }

    private async Task<bool> AllHaveEndedAsync(List<Guid> runs)
    {
        const string Ended = "SELECT count(*) FROM runs WHERE ended_at IS NOT NULL";
        return await Database.ScalarAsync<long>(Ended) == runs.Count;
    }

    private static async Task WorkAsync(ScriptedWorker worker)
    {
        await worker.RegisterAsync(WorkerLimit);
        while (true)
        {
            var run = await worker.NextRunAsync(WorkerLimit);
            await worker.ReportStartedAsync(run);
            await worker.ReportFinishedAsync(run);
        }
    }
}
