using System.Net;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Tests.LiveSettings;

namespace LoadBalancer.Scheduler.Tests.Deadlines;

/// <summary>Several events follow from one cause, and the first of them cannot be stored.</summary>
public sealed class UnstorableEventTests
{
    private const string Poisoned = "poisoned";

    [Fact]
    public async Task A_run_whose_timeout_cannot_be_stored_keeps_no_other_from_timing_out()
    {
        await using var scheduler = await LiveScheduler.StartAsync();
        await PoisonAsync(scheduler);
        await scheduler.RunAsync(new SubmitTest { TestId = Poisoned, QueueTimeoutSeconds = 0.1 });

        var other = await scheduler.RunAsync(new SubmitTest { TestId = "other", QueueTimeoutSeconds = 1 });

        await scheduler.WaitForStateAsync(other, RunStates.Failed);
    }

    [Fact]
    public async Task A_run_that_cannot_be_cancelled_keeps_no_other_of_its_suite_from_being_cancelled()
    {
        await using var scheduler = await LiveScheduler.StartAsync();
        await PoisonAsync(scheduler);
        var poisoned = await scheduler.RunAsync(new SubmitTest { TestId = Poisoned, Suite = "nightly" });
        var other = await scheduler.RunAsync(new SubmitTest { TestId = "other", Suite = "nightly" });

        var problem = await scheduler.ProblemAsync(HttpMethod.Delete, "api/suites/nightly", status: HttpStatusCode.InternalServerError);

        Assert.Contains($"{poisoned}", problem, StringComparison.Ordinal);
        await scheduler.WaitForStateAsync(other, RunStates.Cancelled);
    }

    [Fact]
    public async Task An_attempt_whose_start_cannot_be_stored_keeps_no_other_of_the_heartbeat_from_counting_as_started()
    {
        await using var scheduler = await LiveScheduler.StartAsync();
        var session = Guid.NewGuid();
        await scheduler.RegisterAsync("w1", memoryGb: 8, session, slots: 2);
        var runs = new[] { await scheduler.RunAsync(new SubmitTest { TestId = Poisoned }), await scheduler.RunAsync(new SubmitTest { TestId = "other" }) };
        foreach (var run in runs)
            await scheduler.WaitForStateAsync(run, RunStates.Assigned);
        await PoisonAsync(scheduler);

        await scheduler.SendAsync(
            Names.WorkerHeartbeats,
            new WorkerHeartbeat { WorkerId = "w1", SessionId = session, Sequence = 1, Running = [.. runs.Select(run => new RunAttempt(run, 1))] });

        await scheduler.WaitForStateAsync(runs[1], RunStates.Running);
    }

    /// <summary>SQLite comes upon what is no JSON only when it changes that run.</summary>
    private static Task PoisonAsync(LiveScheduler scheduler) =>
        scheduler.ExecuteAsync($"CREATE TRIGGER poison BEFORE UPDATE ON runs WHEN NEW.test_id = '{Poisoned}' BEGIN SELECT json('no'); END");
}
