using System.Net;
using LoadBalancer.Scheduler.Tests.LiveSettings;

namespace LoadBalancer.Scheduler.Tests.Submissions;

public sealed class AdmissionTests
{
    [Fact]
    public async Task A_submission_is_told_who_could_run_it_and_when_it_will_have_ended()
    {
        await using var scheduler = await LiveScheduler.StartAsync();
        await scheduler.RegisterAsync("w1", memoryGb: 8);

        var (status, answer) = await scheduler.SendAsync(HttpMethod.Post, "api/runs", """{"testId": "a", "command": {"executable": "true"}}""");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(1, (int)answer!["feasibleWorkers"]!);
        Assert.InRange((double)answer["etaP50Seconds"]!, 0.001, (double)answer["etaP90Seconds"]!);
    }

    [Fact]
    public async Task A_submission_that_no_worker_could_run_is_told_what_the_nearest_lacks()
    {
        await using var scheduler = await LiveScheduler.StartAsync();
        await scheduler.RegisterAsync("w1", memoryGb: 8);

        var (_, answer) = await scheduler.SendAsync(
            HttpMethod.Post, "api/runs", """{"tests": [{"testId": "a", "command": {"executable": "true"}, "requirements": {"minimumMemoryGb": 64}}]}""");

        var run = answer!["runs"]![0]!;
        Assert.Equal(("accepted", 0), ((string)run["status"]!, (int)run["feasibleWorkers"]!));
        Assert.Contains("no registered worker could run it", (string)run["reason"]!, StringComparison.Ordinal);
        Assert.Contains("w1", (string)run["reason"]!, StringComparison.Ordinal);
        Assert.Null(run["etaP50Seconds"]);
    }
}
