using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>A test that disturbs a server while tests run, and judges afterwards by what really ran.</summary>
public abstract class ServerFaultTest(TestServers servers) : SystemTest(servers)
{
    /// <summary>A queue declared shortly before the broker is killed may be gone or never answer afterwards (RabbitMQ 3.10.8).</summary>
    private static readonly TimeSpan QueuesSettle = TimeSpan.FromSeconds(3);

    private readonly List<JsonObject> submitted = [];
    private Journal? journal;

    private protected Journal Journal => journal ??= new Journal(Folder);

    /// <summary>Starts a worker that beats every second, so that a silence lasts little longer than the fault.</summary>
    private protected Task<WorkerProcess> StartSteadyWorkerAsync(SchedulerProcess scheduler, string id, int slots = 4) =>
        StartWorkerAsync(scheduler, id, slots, ("Worker__HeartbeatInterval", "00:00:01"));

    /// <summary>Submits tests through the queue, and remembers them for <see cref="EachEndsOnceAsync"/>.</summary>
    private protected async Task SubmitAsync(params IReadOnlyList<JsonObject> tests)
    {
        foreach (var test in tests)
        {
            submitted.Add(test);
            await Client.SubmitAsync(test);
        }
    }

    /// <summary>Submits tests through the queue as soon as there is one.</summary>
    private protected async Task SubmitWhenPossibleAsync(IReadOnlyList<JsonObject> tests)
    {
        foreach (var test in tests)
        {
            submitted.Add(test);
            await Client.SubmitWhenPossibleAsync(test);
        }
    }

    /// <summary>Submits tests through the API, which needs no broker.</summary>
    private protected async Task SubmitToAsync(SchedulerProcess scheduler, params IReadOnlyList<JsonObject> tests)
    {
        submitted.AddRange(tests);
        await scheduler.SubmitAsync([.. tests]);
    }

    /// <summary>Submits tests that wait for the gate, and waits until all of them run.</summary>
    private protected async Task SubmitRunningAsync(SchedulerProcess scheduler, int count, string gate)
    {
        var tests = Journal.Tests("running", count, gate);
        await SubmitAsync(tests);
        foreach (var test in tests)
        {
            await scheduler.WaitForRunAsync(Submission.RunIdOf(test), run => run.State == "Running", "runs");
        }
    }

    private protected static Task QueuesHaveSettledAsync() => Task.Delay(QueuesSettle);

    /// <summary>Everything submitted completes in its first attempt, ran exactly once, and no message became a dead letter.</summary>
    private protected async Task EachEndsOnceAsync(SchedulerProcess scheduler)
    {
        await EachCompletesAsync(scheduler, maxAttempt: 1);
        ShowsEachOnce();
    }

    private protected void ShowsEachOnce() => Journal.ShowsEachOnce(submitted);

    /// <summary>Some attempts may have been lost before they started.</summary>
    private protected async Task EachCompletesAsync(SchedulerProcess scheduler, int maxAttempt)
    {
        foreach (var test in submitted)
        {
            var run = await scheduler.WaitForEndAsync(Submission.RunIdOf(test));
            Assert.True(
                run.State == "Completed" && run.Attempt <= maxAttempt,
                $"{run.TestId} is {run.State} in attempt {run.Attempt}: {run.Reason}\n{scheduler.Log}");
            Assert.Single(run.Timeline, change => change.State is "Completed" or "Failed" or "Cancelled");
        }

        await ShowsNoDeadLettersAsync();
    }

    private protected async Task ShowsNoDeadLettersAsync()
    {
        foreach (var queue in (await Broker.QueuesAsync()).Select(queue => queue.GetProperty("name").GetString()!).Where(IsDeadLetters))
        {
            var reasons = (await Client.TakeAllAsync(queue)).Select(letter => RawClient.Header(letter, "MT-Fault-Message"));
            Assert.Fail($"there is a {queue}: {string.Join("; ", reasons)}");
        }
    }

    private static bool IsDeadLetters(string queue) =>
        queue.EndsWith("_error", StringComparison.Ordinal) || queue.EndsWith("_skipped", StringComparison.Ordinal);
}
