using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

public sealed class FloodTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task A_test_that_prints_a_gigabyte_is_read_to_its_end_and_its_report_says_how_much_was_left_out()
    {
        var scheduler = await StartSchedulerAsync();
        await StartWorkerAsync(scheduler, "w1");
        var submission = Submission.Shell("head -c 1000000000 /dev/zero | tr '\\0' x; echo; echo the end");
        await Client.SubmitAsync(submission);

        Assert.Equal("Completed", (await scheduler.WaitForEndAsync(Submission.RunIdOf(submission))).State);

        var tail = await Database.ScalarAsync<string>("SELECT output_tail FROM outcomes");
        Assert.StartsWith("[output truncated: 999934473 bytes left out]", tail, StringComparison.Ordinal);
        Assert.EndsWith("the end\n", tail, StringComparison.Ordinal);
        Assert.InRange(await Database.ScalarAsync<int>("SELECT length(output_head) + length(output_tail) FROM outcomes"), 1, 100_000);
    }
}
