using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Input;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>What operators set while the scheduler runs, kept in PostgreSQL.</summary>
public sealed class LiveSettingsTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task What_is_set_live_is_in_force_at_once_and_after_the_scheduler_was_killed()
    {
        var first = await StartSchedulerAsync(("Policies__ByTestType__unit", "affinity_based"));
        await StartWorkerAsync(first, "w1");
        await PutAsync(first, "api/policies/unit", """{"type": "composite", "algorithms": [{"type": "round_robin", "weight": 2}]}""");
        await PutAsync(first, "api/keys/gpu%2Flicense", """{"limit": 0}""");
        await PutAsync(first, "api/shares/ci", """{"weight": 2.5}""");
        Assert.Equal("composite", await PolicyOfARunAsync(first));

        await first.KillAsync();
        var second = await StartSchedulerAsync(("Policies__ByTestType__unit", "affinity_based"));
        await second.WaitForWorkerAsync("w1");

        Assert.Equal("composite", await PolicyOfARunAsync(second));
        var held = await second.SubmitAsync(new JsonObject { ["testId"] = "held", ["concurrencyKey"] = "gpu/license" });
        Assert.Contains("its limit is 0", (await second.ExplainAsync(held.RunId))!.Blocker);
        Assert.Equal(2.5, (double?)(await Answer.ToAsync(second, HttpMethod.Get, "api/shares/ci")).Json["weight"]);

        Assert.Equal(200, (await Answer.ToAsync(second, HttpMethod.Delete, "api/keys/gpu%2Flicense")).Status);
        Assert.Equal(200, (await Answer.ToAsync(second, HttpMethod.Delete, "api/policies/unit")).Status);
        await second.WaitForEndAsync(held.RunId);
        Assert.Equal("affinity_based", await PolicyOfARunAsync(second));
    }

    private static async Task<string> PolicyOfARunAsync(SchedulerProcess scheduler)
    {
        var run = await scheduler.SubmitAsync(new JsonObject { ["testId"] = "t", ["testType"] = "unit", ["command"] = new JsonObject { ["executable"] = "true" } });
        await scheduler.WaitForEndAsync(run.RunId);
        return (await scheduler.ExplainAsync(run.RunId))!.Decisions[0].Policy;
    }

    private static async Task PutAsync(SchedulerProcess scheduler, string path, string body)
    {
        using var content = JsonContent.Create(JsonDocument.Parse(body).RootElement);
        using var answer = await scheduler.SendAsync(HttpMethod.Put, path, content);
        answer.EnsureSuccessStatusCode();
    }
}
