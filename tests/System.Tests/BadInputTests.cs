using System.Text;
using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Input;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>Bodies that somebody careless or hostile sends. Each is answered or kept as a whole, and nothing else stops.</summary>
public sealed class BadInputTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task Every_bad_body_posted_is_answered_with_the_field_and_the_value_or_stored_as_it_came()
    {
        var scheduler = await StartSchedulerAsync();
        var failures = new Failures();

        foreach (var bad in BadSubmissions.All)
        {
            var answer = await Answer.ToAsync(scheduler, HttpMethod.Post, "api/runs", bad.Body);
            failures.Add(bad.Name, bad.Fate is Fate.Stored
                ? await NotStoredAsync(scheduler, bad)
                : answer.ProblemWith(400, bad.Says) ?? await NotRememberedAsync(scheduler, bad));
        }

        failures.AssertNone();
        await RunOneAsync(scheduler);
    }

    [Fact]
    public async Task Every_bad_body_published_is_refused_or_kept_with_the_reason_or_stored_as_it_came()
    {
        var scheduler = await StartSchedulerAsync();
        var events = await FollowEventsAsync();
        var failures = new Failures();
        var messages = BadSubmissions.All.ToDictionary(_ => Guid.NewGuid().ToString());

        foreach (var (id, bad) in messages)
        {
            await Client.PublishAsync("submit-test", bad.Body, properties => properties.MessageId = id);
        }

        var letters = await DeadLetters.TakeAsync(Client, "submit-test", messages.Values.Count(bad => bad.Fate is Fate.Unreadable));
        foreach (var (id, bad) in messages)
        {
            failures.Add(bad.Name, bad.Fate switch
            {
                Fate.Unreadable => letters.TryGetValue(id, out var reason) ? Answer.Missing(reason, bad.Says) : "is not in submit-test_error",
                Fate.Refused => await NotAnnouncedAsync(events, bad),
                _ => await NotStoredAsync(scheduler, bad),
            });
        }

        failures.AssertNone();
        Assert.Empty(await Client.TakeAllAsync("submit-test_error"));
        await RunOneAsync(scheduler);
    }

    [Fact]
    public async Task The_bad_tests_of_a_list_are_refused_one_by_one_and_the_good_ones_between_them_are_accepted()
    {
        var scheduler = await StartSchedulerAsync();
        var events = await FollowEventsAsync();
        var failures = new Failures();
        var bad = BadSubmissions.All.Where(submission => submission.Fate is Fate.Refused).ToList();
        var (posted, published) = (new MixedList(bad), new MixedList(bad));

        var answers = JsonNode.Parse((await Answer.ToAsync(scheduler, HttpMethod.Post, "api/runs", posted.Body)).Text)!["runs"]!.AsArray();
        await Client.PublishAsync("submit-test", published.Body, _ => { });

        Assert.Equal(2 * bad.Count, answers.Count);
        for (var i = 0; i < bad.Count; i++)
        {
            failures.Add(bad[i].Name, (string?)answers[2 * i]!["status"] == "refused"
                ? Answer.Missing((string)answers[2 * i]!["reason"]!, bad[i].Says)
                : $"was {answers[2 * i]}");
            failures.Add($"the good one after {bad[i].Name}", (string?)answers[2 * i + 1]!["status"] == "accepted" ? null : $"was {answers[2 * i + 1]}");
            await events.WaitForAsync(published.Good[i], "Submitted");
            failures.Add(bad[i].Name, await NotAnnouncedAsync(events, bad[i], times: 2));
        }

        failures.AssertNone();
        Assert.Empty(await Client.TakeAllAsync("submit-test_error"));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/octet-stream")]
    [InlineData("application/vnd.masstransit+json")]
    [InlineData("no / content ; type = at all")]
    [InlineData(null)]
    public async Task A_body_counts_whatever_its_content_type_says(string? contentType)
    {
        await StartSchedulerAsync();
        var events = await FollowEventsAsync();
        var good = Submission.Shell("true");

        await Client.PublishAsync("submit-test", Encoding.UTF8.GetBytes(good.ToJsonString()), properties => properties.ContentType = contentType);
        await events.WaitForAsync(Submission.RunIdOf(good), "Submitted");
    }

    [Fact]
    public async Task A_message_larger_than_a_client_takes_by_itself_is_kept_once_and_does_not_come_again()
    {
        const int MoreThanTheDefaultLimit = 65 << 20;
        var scheduler = await StartSchedulerAsync();

        await Client.PublishAsync("submit-test", new byte[MoreThanTheDefaultLimit], properties => properties.MessageId = "huge");

        Assert.Contains("split it", (await DeadLetters.TakeAsync(Client, "submit-test", 1))["huge"], StringComparison.Ordinal);
        await RunOneAsync(scheduler);
        Assert.Empty(await Client.TakeAllAsync("submit-test_error"));
    }

    /// <summary>Null when the submission is stored and every field is what was sent.</summary>
    private static async Task<string?> NotStoredAsync(SchedulerProcess scheduler, BadSubmission bad)
    {
        Answer? answer = null;
        try
        {
            await Eventually.TrueAsync("is stored", async () =>
                (answer = await Answer.ToAsync(scheduler, HttpMethod.Get, $"api/runs/{bad.RunId}")).Status == 200);
        }
        catch (TimeoutException)
        {
            return $"is not stored: {answer}";
        }

        var stored = answer!.Json["submission"]!;
        var changed = bad.Kept.Where(field => !Holds(stored[field.Key], field.Value)).Select(field => $"{field.Key} is {stored[field.Key]?.ToJsonString()}");
        return string.Join("; ", changed) is { Length: > 0 } differences ? differences : null;
    }

    /// <summary>What was left out was filled in; what was given must be there.</summary>
    private static bool Holds(JsonNode? stored, JsonNode? given) => given is JsonObject fields
        ? fields.All(field => Holds(stored?[field.Key], field.Value))
        : JsonNode.DeepEquals(stored, given);

    /// <summary>Null when whoever asks for the refused run is told why there is none.</summary>
    private static async Task<string?> NotRememberedAsync(SchedulerProcess scheduler, BadSubmission bad) =>
        bad is { Fate: Fate.Refused, RunId: { } runId }
            ? (await Answer.ToAsync(scheduler, HttpMethod.Get, $"api/runs/{runId}")).ProblemWith(404, bad.Says)
            : null;

    private static async Task<string?> NotAnnouncedAsync(EventLog events, BadSubmission bad, int times = 1)
    {
        bool IsIt(RunChange change) => change.State == "refused" &&
            (bad.RunId is null ? Answer.Missing(change.Reason, bad.Says) is null : change.RunId == bad.RunId);
        try
        {
            await Eventually.TrueAsync("is announced", () => events.All.Count(IsIt) >= times);
        }
        catch (TimeoutException)
        {
            return "is not announced as refused";
        }

        return Answer.Missing(events.All.First(IsIt).Reason, bad.Says);
    }

    /// <summary>A good submission is accepted, placed and completed, and the one before it as well.</summary>
    private async Task RunOneAsync(SchedulerProcess scheduler)
    {
        var worker = await ConnectScriptedWorkerAsync($"after-{Guid.NewGuid():N}", slots: 64);
        await worker.RegisterAsync();
        var good = Submission.Shell("true", more: ("priority", 1));
        await Client.SubmitAsync(good);
        for (ScriptedRun? run = null; run?.RunId != Submission.RunIdOf(good);)
        {
            run = await worker.NextRunAsync();
            await worker.ReportStartedAsync(run);
            await worker.ReportFinishedAsync(run);
        }

        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(Submission.RunIdOf(good))).State);
    }
}
