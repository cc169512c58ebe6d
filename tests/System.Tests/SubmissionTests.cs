using System.Text;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>What the scheduler takes, and what it does with the rest.</summary>
public sealed class SubmissionTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task The_same_run_submitted_again_is_one_run_and_the_repeat_is_announced()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1");
        var events = await FollowEventsAsync();
        var submission = Submission.Shell($"echo ran >> {Folder}/runs");
        var runId = Submission.RunIdOf(submission);

        await Client.SubmitAsync(submission);
        await Client.SubmitAsync(submission);
        await events.WaitForAsync(runId, "duplicate");
        await events.WaitForAsync(runId, "Completed");
        await Client.SubmitAsync(submission);
        await events.WaitForAsync("a second repeat is announced", _ =>
            events.All.Count(change => change.RunId == runId && change.State == "duplicate") >= 2);

        var answer = Assert.Single(await scheduler.SubmitAsync(submission));
        Assert.Equal("duplicate", answer.Status);
        Assert.Equal(["ran"], await File.ReadAllLinesAsync(Path.Combine(Folder, "runs"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("{\"testId\": ")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("\"text\"")]
    [InlineData("{\"testId\": {\"no\": \"text\"}}")]
    public async Task A_body_that_cannot_be_read_is_kept_with_the_reason_and_stops_nobody(string body)
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1");
        var good = Submission.Shell("true");

        await Client.SubmitAsync(body);
        await Client.SubmitAsync(good);

        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(Submission.RunIdOf(good))).State);
        var kept = await Client.TakeAsync("submit-test_error");
        Assert.Equal(body, Encoding.UTF8.GetString(kept.Body.Span));
        Assert.NotEmpty(RawClient.Header(kept, "MT-Fault-Message"));
    }

    [Fact]
    public async Task An_invalid_submission_is_kept_with_the_field_the_value_and_what_is_allowed()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1");
        var wrong = Submission.Shell("true", more: ("priority", 9));
        var good = Submission.Shell("true");

        await Client.SubmitAsync(wrong);
        await Client.SubmitAsync(good);

        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(Submission.RunIdOf(good))).State);
        var kept = await Client.TakeAsync("submit-test_error");
        var reason = RawClient.Header(kept, "MT-Fault-Message");
        Assert.Contains("priority", reason, StringComparison.Ordinal);
        Assert.Contains("9", reason, StringComparison.Ordinal);
        Assert.Null(await scheduler.GetRunAsync(Submission.RunIdOf(wrong)));
    }

    [Fact]
    public async Task A_batch_is_answered_test_by_test_after_the_commit()
    {
        var scheduler = await StartSchedulerAsync();
        var (first, wrong, second) = (Submission.Shell("true"), Submission.Shell("true", more: ("priority", 0)), Submission.Shell("true"));

        var answers = await scheduler.SubmitAsync(new { tests = new[] { first, wrong, second } });

        Assert.Equal(["accepted", "refused", "accepted"], answers.Select(answer => answer.Status));
        Assert.Contains("priority", answers[1].Reason, StringComparison.Ordinal);
        Assert.NotNull(await scheduler.GetRunAsync(Submission.RunIdOf(first)));
        Assert.NotNull(await scheduler.GetRunAsync(Submission.RunIdOf(second)));
    }
}
