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

        Assert.Equal("duplicate", (await scheduler.SubmitAsync(submission)).Status);
        Assert.Equal(["ran"], await File.ReadAllLinesAsync(Path.Combine(Folder, "runs"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Of_a_list_only_the_runs_that_are_stored_already_are_duplicates_also_those_that_have_ended()
    {
        var scheduler = await StartSchedulerAsync();
        var known = Enumerable.Range(0, 20).Select(i => Submission.Shell("true", testId: $"known-{i}")).ToArray();
        var unknown = Enumerable.Range(0, 20).Select(i => Submission.Shell("true", testId: $"new-{i}")).ToArray();
        await scheduler.SubmitAsync(known);
        foreach (var ended in known.Take(10))
            await scheduler.CancelAsync(Submission.RunIdOf(ended), "no longer wanted");

        var answers = await scheduler.SubmitAsync([.. known, .. unknown]);

        Assert.Equal(Enumerable.Repeat("duplicate", 20).Concat(Enumerable.Repeat("accepted", 20)), answers.Select(answer => answer.Status));
        Assert.Equal(10, await Database.ScalarAsync<long>("SELECT count(*) FROM runs WHERE state = 'Cancelled'"));
        Assert.Equal(30, await Database.ScalarAsync<long>("SELECT count(*) FROM runs WHERE state = 'Submitted'"));
    }

    [Fact]
    public async Task The_same_message_twice_is_one_run_whatever_its_id_looks_like()
    {
        await StartSchedulerAsync();
        var events = await FollowEventsAsync();
        var submission = Submission.Shell("true", testId: "known-by-its-message");
        submission.Remove("runId");

        await Client.SubmitAsync(submission, "job 17/unit");
        await Client.SubmitAsync(submission, "job 17/unit");
        await events.WaitForAsync("the repeat is announced", change => change.State == "duplicate");

        Assert.Single(events.All.Select(change => change.RunId).Distinct());
    }

    [Fact]
    public async Task Bodies_that_cannot_be_read_are_kept_with_the_reason_and_stop_nobody()
    {
        string[] bodies = ["{\"testId\": ", "[]", "", "\"text\"", "{\"tests\": 7}", "not json at all"];
        var scheduler = await StartSchedulerAsync();
        var good = Submission.Shell("true");

        foreach (var body in bodies)
        {
            await Client.SubmitAsync(body);
        }

        await Client.SubmitAsync(good);
        await scheduler.WaitForRunAsync(Submission.RunIdOf(good), _ => true, "is stored");

        var kept = new Dictionary<string, string>();
        foreach (var _ in bodies)
        {
            var letter = await Client.TakeAsync("submit-test_error");
            kept[Encoding.UTF8.GetString(letter.Body.Span)] = RawClient.Header(letter, "MT-Fault-Message");
        }

        Assert.Equal(bodies.Order(StringComparer.Ordinal), kept.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("tests: is 7", kept["{\"tests\": 7}"], StringComparison.Ordinal);
        Assert.All(kept, letter => Assert.NotEmpty(letter.Value));
    }

    [Fact]
    public async Task Invalid_submissions_are_refused_with_the_field_the_value_and_what_is_allowed()
    {
        var scheduler = await StartSchedulerAsync();
        var events = await FollowEventsAsync();
        var outOfRange = Submission.Shell("true", more: ("priority", 9));
        var wrongType = Submission.Shell("true", more: ("timeoutSeconds", "soon"));
        var good = Submission.Shell("true");

        await Client.SubmitAsync(outOfRange);
        await Client.SubmitAsync(wrongType);
        await Client.SubmitAsync(good);

        var range = await events.WaitForAsync(Submission.RunIdOf(outOfRange), "refused");
        Assert.Contains("priority", range.Reason, StringComparison.Ordinal);
        Assert.Contains("9", range.Reason, StringComparison.Ordinal);
        var type = await events.WaitForAsync(Submission.RunIdOf(wrongType), "refused");
        Assert.Contains("timeoutSeconds: \"soon\"", type.Reason, StringComparison.Ordinal);
        await events.WaitForAsync(Submission.RunIdOf(good), "Submitted");
        Assert.Null(await scheduler.GetRunAsync(Submission.RunIdOf(outOfRange)));
    }

    [Fact]
    public async Task A_batch_is_answered_test_by_test_after_the_commit()
    {
        var scheduler = await StartSchedulerAsync();
        var (first, wrong, second) = (Submission.Shell("true"), Submission.Shell("true", more: ("priority", 0)), Submission.Shell("true"));

        var answers = await scheduler.SubmitAsync(first, wrong, second);

        Assert.Equal(["accepted", "refused", "accepted"], answers.Select(answer => answer.Status));
        Assert.Contains("priority", answers[1].Reason, StringComparison.Ordinal);
        Assert.NotNull(await scheduler.GetRunAsync(Submission.RunIdOf(first)));
        Assert.NotNull(await scheduler.GetRunAsync(Submission.RunIdOf(second)));
    }
}
