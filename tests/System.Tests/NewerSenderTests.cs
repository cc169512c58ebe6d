using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Input;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>What a sender of a later version says more than this one knows is passed over; the rest counts.</summary>
public sealed class NewerSenderTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task A_newer_worker_is_accepted_stays_alive_and_its_results_count()
    {
        var scheduler = await StartSchedulerAsync();
        var worker = await ConnectScriptedWorkerAsync("w1");
        worker.Wording = Tomorrow.Of;
        worker.Capabilities["accelerators"] = new JsonArray(new JsonObject { ["type"] = "cuda", ["id"] = "0", ["memoryGb"] = 16 });
        worker.Capabilities["browsers"] = new JsonArray(new JsonObject { ["name"] = "firefox", ["version"] = "140" });
        await worker.RegisterAsync();
        Assert.Equal("cuda", Assert.Single((await scheduler.WorkerAsync("w1"))!.Capabilities.Accelerators).Type);

        var submission = Submission.Shell("true");
        submission["requirements"]!["requiredAccelerators"] = new JsonObject { ["cuda"] = 1 };
        await Client.SubmitAsync(submission);
        var run = await worker.NextRunAsync();
        await worker.ReportStartedAsync(run);
        await scheduler.WaitForRunAsync(run.RunId, now => now.State == "Running", "runs");
        await worker.WaitForCommandAsync("heartbeatAnswered", answer => answer.GetProperty("sequence").GetInt64() >= 2);
        await worker.ReportFinishedAsync(run);

        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(run.RunId)).State);
        await worker.WaitForCommandAsync("heartbeatAnswered", answer => answer.GetProperty("storedResults").GetArrayLength() > 0);
        await ShowsThatNothingWasKeptAsBadAsync();
    }

    [Fact]
    public async Task A_submission_of_tomorrow_runs_by_the_fields_that_are_known_and_a_list_of_them_too()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1");
        var one = Submission.Shell($"echo one >> {Folder}/ran", more: ("priority", 2));
        var listed = Submission.Shell($"echo listed >> {Folder}/ran");

        await Client.SubmitAsync(Tomorrow.Of(one));
        await Client.SubmitAsync(Tomorrow.Of(new JsonObject { ["tests"] = new JsonArray(listed.DeepClone()) }));

        foreach (var runId in new[] { Submission.RunIdOf(one), Submission.RunIdOf(listed) })
        {
            Assert.Equal("Completed", (await scheduler.WaitForEndAsync(runId)).State);
        }

        Assert.Equal(["listed", "one"], (await File.ReadAllLinesAsync($"{Folder}/ran", TestContext.Current.CancellationToken)).Order());
        await ShowsThatNothingWasKeptAsBadAsync();
    }

    [Fact]
    public async Task A_worker_passes_over_commands_of_an_unknown_kind_and_runs_an_assignment_with_unknown_fields()
    {
        // Longer than this takes: the scheduler is not to hear of an attempt that it never assigned.
        var scheduler = await StartSchedulerAsync(("Scheduler__LeaseDuration", "00:05:00"));
        await StartWorkerAsync(scheduler, "w1", settings: ("Worker__HeartbeatInterval", "00:01:00"));
        var session = await Database.ScalarAsync<Guid>("SELECT session_id FROM workers WHERE worker_id = 'w1'");
        var unknown = new JsonObject { ["type"] = "ofTomorrow", ["sessionId"] = session, ["runId"] = 7 };
        var assignment = Submission.Shell($"echo tomorrow >> {Folder}/ran");
        assignment["attempt"] = 1;
        assignment["sessionId"] = session;
        assignment["timeoutSeconds"] = 60;
        assignment["devices"] = new JsonArray(new JsonObject { ["type"] = "cuda", ["id"] = "0", ["share"] = 1, ["memoryGb"] = 1 });

        await Client.PublishAsync("worker-w1-control", "", unknown);
        await Client.PublishAsync("assignments", "w1", Tomorrow.Of(assignment), mandatory: true);
        await Eventually.TrueAsync("it ran", () => File.Exists($"{Folder}/ran"));

        await Client.PublishAsync("worker-w1-control", "", Tomorrow.Of(new JsonObject { ["type"] = "drainWorker", ["sessionId"] = session, ["reason"] = "of tomorrow" }));
        var known = Submission.Shell("true");
        await Client.PublishAsync("worker-w1-control", "", Tomorrow.Of(new JsonObject { ["type"] = "resumeWorker", ["sessionId"] = session }));
        await Client.SubmitAsync(known);
        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(Submission.RunIdOf(known))).State);
    }

    private async Task ShowsThatNothingWasKeptAsBadAsync() => Assert.DoesNotContain(
        (await Broker.QueuesAsync()).Select(queue => queue.GetProperty("name").GetString()!),
        name => name.EndsWith("_error", StringComparison.Ordinal) || name.EndsWith("_skipped", StringComparison.Ordinal));
}
