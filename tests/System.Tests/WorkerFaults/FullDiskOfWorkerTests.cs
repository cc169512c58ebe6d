using LoadBalancer.Contracts;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>A test fills the disk of its worker. The disk is one in memory, which only a privileged process may make.</summary>
public sealed class FullDiskOfWorkerTests(TestServers servers) : WorkerFaultTest(servers)
{
    [Fact]
    public async Task The_result_of_a_test_beside_it_counts_and_when_it_has_ended_the_next_one_finds_room_again()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && await SmallDatabase.MayMountAsync(), "this process may not mount a disk");
        var scheduler = await StartSchedulerAsync(LongLease);
        var worker = await StartWorkerAsync(scheduler, "w1", slots: 3, [.. Quick, (ServiceProcess.SmallDiskVariable, WorkDirectoryOf("w1"))]);
        var beside = NewJournal("beside");
        var besideId = await SubmitAsync(beside);
        await beside.StartedAsync(1);
        var filler = Submission.Shell($"head -c 100000000 /dev/zero > fill; touch {Folder}/full; until [ -e {Folder}/go ]; do sleep 0.1; done", testId: "filler");
        await Client.SubmitAsync(filler);
        await Eventually.TrueAsync("the disk is full", () => File.Exists($"{Folder}/full"));

        beside.LetEnd();
        var other = await scheduler.WaitForEndAsync(besideId);
        Assert.Equal(("Completed", 1), (other.State, other.Attempt));
        Assert.Contains("No space left on device", worker.Output, StringComparison.Ordinal);
        var hopeless = Submission.Shell("head -c 100000 /dev/zero > more", testId: "hopeless");
        await Client.SubmitAsync(hopeless);
        Assert.Equal(("Failed", FailureKinds.TestFailed), Ended(await scheduler.WaitForEndAsync(Submission.RunIdOf(hopeless))));

        await File.WriteAllTextAsync($"{Folder}/go", "", TestContext.Current.CancellationToken);
        Assert.Equal(("Completed", null), Ended(await scheduler.WaitForEndAsync(Submission.RunIdOf(filler))));
        var next = Submission.Shell("head -c 100000 /dev/zero > more", testId: "next");
        await Client.SubmitAsync(next);
        Assert.Equal(("Completed", null), Ended(await scheduler.WaitForEndAsync(Submission.RunIdOf(next))));
    }

    private static (string State, string? FailureKind) Ended(RunDetail run) => (run.State, run.FailureKind);
}
