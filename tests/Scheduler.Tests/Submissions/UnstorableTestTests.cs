using System.Net;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Tests.LiveSettings;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Tests.Submissions;

/// <summary>A list of which one test cannot be stored.</summary>
public sealed class UnstorableTestTests
{
    private const string Poisoned = "test-5";

    [Fact]
    public async Task Each_test_of_a_list_is_answered_by_itself_and_the_one_that_cannot_be_stored_with_the_reason()
    {
        await using var scheduler = await StartAsync();

        var (status, answer) = await scheduler.SendAsync(HttpMethod.Post, "api/runs", $$"""{"tests": [{{string.Join(", ", Tests().Select(Json))}}, {"testId": ""}]}""");

        Assert.Equal(HttpStatusCode.OK, status);
        var told = answer!["runs"]!.AsArray().ToDictionary(run => (string)run!["testId"]!, run => ((string)run!["status"]!, (string)run["reason"]!));
        Assert.All(told.Where(run => run.Key is not (Poisoned or "")), run => Assert.Equal("accepted", run.Value.Item1));
        Assert.Equal("refused", told[""].Item1);
        Assert.Equal("refused", told[Poisoned].Item1);
        Assert.Contains("malformed JSON", told[Poisoned].Item2, StringComparison.Ordinal);
        Assert.Equal(39, await StoredAsync(scheduler));
    }

    [Fact]
    public async Task A_test_that_cannot_be_stored_is_answered_as_a_failure_of_the_scheduler()
    {
        await using var scheduler = await StartAsync();

        var problem = await scheduler.ProblemAsync(HttpMethod.Post, "api/runs", Json(new SubmitTest { TestId = Poisoned }), HttpStatusCode.InternalServerError);

        Assert.Contains("malformed JSON", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_rest_of_a_list_from_the_queue_is_stored_and_the_message_is_kept_with_the_reason()
    {
        await using var scheduler = await StartAsync();

        await scheduler.SendAsync("submit-test", new SubmitTests { Tests = [.. Tests(), new SubmitTest { TestId = "" }] });

        var reason = await scheduler.KeptAsync("submit-test");
        Assert.Contains($"test \"{Poisoned}\"", reason, StringComparison.Ordinal);
        Assert.Contains("malformed JSON", reason, StringComparison.Ordinal);
        Assert.Equal(39, await StoredAsync(scheduler));
        Assert.Equal((1, 0), (await CountAsync(scheduler, "refused"), await CountAsync(scheduler, "duplicate")));
    }

    private static IEnumerable<SubmitTest> Tests() => Enumerable.Range(0, 40).Select(i => new SubmitTest { TestId = $"test-{i}" });

    private static string Json(SubmitTest test) => $$"""{"testId": "{{test.TestId}}"}""";

    /// <summary>SQLite comes upon what is no JSON only when it stores that test.</summary>
    private static async Task<LiveScheduler> StartAsync()
    {
        var scheduler = await LiveScheduler.StartAsync();
        await scheduler.ExecuteAsync($"CREATE TRIGGER poison BEFORE INSERT ON runs WHEN NEW.test_id = '{Poisoned}' BEGIN SELECT json('no'); END");
        return scheduler;
    }

    private static Task<int> StoredAsync(LiveScheduler scheduler) => scheduler.ReadAsync(database => database.Runs.CountAsync());

    private static Task<int> CountAsync(LiveScheduler scheduler, string state) =>
        scheduler.ReadAsync(database => database.Changes.CountAsync(change => change.State == state));
}
