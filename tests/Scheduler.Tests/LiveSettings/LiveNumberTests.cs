using System.Net;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Contracts;

namespace LoadBalancer.Scheduler.Tests.LiveSettings;

public sealed class LiveNumberTests
{
    [Fact]
    public async Task A_limit_is_in_force_at_once_survives_a_restart_and_can_be_taken_back()
    {
        await using var scheduler = await LiveScheduler.StartAsync("--Keys:license:Limit=3");
        Assert.Equal((3, SettingSources.Configuration), await LimitAsync(scheduler, "license"));

        await scheduler.PutAsync("api/keys/license", """{ "limit": 0 }""");
        await scheduler.SubmitAsync("a", "license");
        Assert.Contains("its limit is 0", await BlockerAsync(scheduler, "license"), StringComparison.Ordinal);

        await scheduler.RestartAsync("--Keys:license:Limit=3");
        Assert.Equal((0, SettingSources.Live), await LimitAsync(scheduler, "license"));
        Assert.Contains("its limit is 0", await BlockerAsync(scheduler, "license"), StringComparison.Ordinal);

        await scheduler.SendAsync(HttpMethod.Delete, "api/keys/license");
        Assert.Equal((3, SettingSources.Configuration), await LimitAsync(scheduler, "license"));
        Assert.DoesNotContain("limit", await BlockerAsync(scheduler, "license"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a%2Fb")]
    [InlineData("a b?#&+ü%")]
    [InlineData("/")]
    public async Task Any_name_can_be_addressed(string name)
    {
        await using var scheduler = await LiveScheduler.StartAsync();

        await scheduler.PutAsync($"api/keys/{Uri.EscapeDataString(name)}", """{ "limit": 5 }""");
        await scheduler.PutAsync($"api/shares/{Uri.EscapeDataString(name)}", """{ "weight": 0.5 }""");

        Assert.Equal(name, Assert.Single((await scheduler.GetAsync<KeyPage>("api/keys")).Keys).Key);
        Assert.Equal(name, Assert.Single((await scheduler.GetAsync<ShareList>("api/shares")).Shares).Submitter);
        Assert.Equal((5, SettingSources.Live), await LimitAsync(scheduler, name));
    }

    [Fact]
    public async Task Keys_are_listed_in_pages_with_those_who_wait()
    {
        await using var scheduler = await LiveScheduler.StartAsync("--Keys:b:Limit=2");
        await scheduler.PutAsync("api/keys", """{ "limits": { "c": 4, "d": 5, "e": null } }""");
        await scheduler.SubmitAsync("first", "a", "b");
        await scheduler.SubmitAsync("second", "a");

        var first = await scheduler.GetAsync<KeyPage>("api/keys?limit=3");
        var rest = await scheduler.GetAsync<KeyPage>($"api/keys?after={first.Next}");

        Assert.Equal([("a", 1, 2), ("b", 2, 1), ("c", 4, 0)], first.Keys.Select(key => (key.Key, key.Limit, key.Waiting)));
        Assert.Equal([("d", 5, "live")], rest.Keys.Select(key => (key.Key, key.Limit, key.Source)));
        Assert.Null(rest.Next);
    }

    [Fact]
    public async Task Shares_are_configured_set_and_taken_back()
    {
        await using var scheduler = await LiveScheduler.StartAsync("--Shares:ci=2");

        await scheduler.PutAsync("api/shares/ci", """{ "weight": 3.5 }""");
        await scheduler.PutAsync("api/shares", """{ "weights": { "nightly": 0.25 } }""");
        await scheduler.RestartAsync("--Shares:ci=2");

        var shares = (await scheduler.GetAsync<ShareList>("api/shares")).Shares;
        Assert.Equal([("ci", 3.5, "live"), ("nightly", 0.25, "live")], shares.Select(share => (share.Submitter, share.Weight, share.Source)));
        await scheduler.PutAsync("api/shares", """{ "weights": { "ci": null, "nightly": null } }""");
        Assert.Equal([("ci", 2, "configuration")], (await scheduler.GetAsync<ShareList>("api/shares")).Shares.Select(share => (share.Submitter, share.Weight, share.Source)));
        Assert.Equal((1, "default"), await scheduler.GetAsync<ShareView>("api/shares/nightly") is var other ? (other.Weight, other.Source) : default);
    }

    [Fact]
    public async Task What_cannot_be_is_refused_with_the_field_and_the_value()
    {
        await using var scheduler = await LiveScheduler.StartAsync();
        var table = new (string Path, string Body, string Says)[]
        {
            ("api/keys/k", """{ "limit": -1 }""", "limit: -1 is not a whole number from 0 to 1000000"),
            ("api/keys/k", """{ "limit": 1.5 }""", "limit: 1.5 is not a whole number"),
            ("api/keys/k", """{ "limit": "2" }""", "limit: \"2\" is not a whole number"),
            ("api/keys/k", """{ "limit": 1e99 }""", "limit: 1e99 is not"),
            ("api/keys/k", "{}", "limit: is missing"),
            ("api/keys/k", "7", "limit: is missing"),
            ("api/keys/k", "", "The body is no JSON"),
            ($"api/keys/{new string('k', 257)}", """{ "limit": 1 }""", "has 257 characters; 1 to 256 are accepted"),
            ("api/keys", """{ "limits": { "a\u0000": 1 } }""", "holds a NUL character"),
            ("api/keys", """{ "limits": { "good": 1, "bad": [] } }""", "limits.bad: a list is not a whole number"),
            ("api/keys", """{ "limits": 3 }""", "limits: is missing; it is an object of key and a whole number"),
            ("api/shares/s", """{ "weight": 0 }""", "weight: 0 is not a number from 0.001 to 1000000"),
            ("api/shares", """{ "weights": { "": 1 } }""", "submitter: \"\" has 0 characters"),
        };

        foreach (var (path, body, says) in table)
            Assert.Contains(says, await scheduler.ProblemAsync(HttpMethod.Put, path, body), StringComparison.Ordinal);
        Assert.Contains("limit", await scheduler.ProblemAsync(HttpMethod.Get, "api/keys?limit=0"), StringComparison.Ordinal);
        Assert.Empty((await scheduler.GetAsync<KeyPage>("api/keys")).Keys);
    }

    [Fact]
    public async Task Only_an_operator_sets_and_a_viewer_reads()
    {
        await using var scheduler = await LiveScheduler.StartAsync([.. Token("viewer"), .. Token("submitter"), .. Token("operator")]);

        foreach (var path in new[] { "api/keys/k", "api/shares/s", "api/policies/unit", "api/policies", "api/keys", "api/shares" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await scheduler.SendAsync(HttpMethod.Get, path)).Status);
            Assert.Equal(HttpStatusCode.OK, (await scheduler.SendAsync(HttpMethod.Get, path, token: "viewer")).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await scheduler.SendAsync(HttpMethod.Put, path, "{}", token: "submitter")).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await scheduler.SendAsync(HttpMethod.Put, path, "{}", token: "operator")).Status);
        }

        static string[] Token(string role) =>
        [
            $"--Api:Tokens:{role}:Sha256={Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(role)))}", $"--Api:Tokens:{role}:Role={role}",
        ];
    }

    private static async Task<(int Limit, string Source)> LimitAsync(LiveScheduler scheduler, string key)
    {
        var view = await scheduler.GetAsync<KeyView>($"api/keys/{Uri.EscapeDataString(key)}");
        return (view.Limit, view.Source);
    }

    /// <summary>Why a run with that key waits, as the planner sees it.</summary>
    private static Task<string> BlockerAsync(LiveScheduler scheduler, string key) => scheduler.Dispatcher.AskAsync(
        planner =>
        {
            planner.Register(new Placement.WorkerProfile { WorkerId = "w", Slots = 1, MemoryGb = 1, CpuCores = 1, Accepting = false });
            var demand = new Placement.TestDemand { RunId = Guid.NewGuid(), Attempt = 1, TestId = "t", SubmittedAt = default, ConcurrencyKeys = [key] };
            return planner.Explain(demand, DateTimeOffset.UnixEpoch).Verdict;
        },
        TestContext.Current.CancellationToken);
}
