using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>The rights in <c>deploy/rabbitmq/definitions.json</c> are enough for each role, and those of one worker do not do for another.</summary>
public sealed class DeployedRightsTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task A_test_is_submitted_assigned_run_and_completed_by_users_with_these_rights()
    {
        var scheduler = await LaunchSchedulerAsync(await UserAsync("scheduler"), Database.ConnectionString);
        await scheduler.WaitUntilReadyAsync();
        await LaunchWorkerAsync("1", broker: await UserAsync("worker-1"));
        await scheduler.WaitForWorkerAsync("1");
        await using var submitter = await RawClient.ConnectAsync(await UserAsync("submitter"));
        var submission = Submission.Shell("true");

        await submitter.SubmitAsync(submission);

        var run = await scheduler.WaitForEndAsync(Submission.RunIdOf(submission));
        Assert.Equal(("Completed", 1, "1"), (run.State, run.Attempt, run.WorkerId));
    }

    [Fact]
    public async Task A_user_of_one_worker_does_not_do_for_another()
    {
        var worker = await LaunchWorkerAsync("2", broker: await UserAsync("worker-1"));

        Assert.Equal(2, await worker.WaitForEndOfProcessAsync(Eventually.Limit));
        Assert.Contains("worker-2", worker.Output, StringComparison.Ordinal);
    }

    private Task<Uri> UserAsync(string name)
    {
        var rights = DeployedRights.Of(name);
        return Broker.NewUserAsync(rights.Configure, rights.Write, rights.Read);
    }
}
