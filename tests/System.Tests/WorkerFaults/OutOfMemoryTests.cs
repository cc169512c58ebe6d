using LoadBalancer.Contracts;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>A test takes all the memory that its worker has.</summary>
public sealed class OutOfMemoryTests(TestServers servers) : WorkerFaultTest(servers)
{
    private const long Limit = 500_000_000;

    [Fact]
    public async Task The_test_dies_and_says_why_and_neither_its_worker_nor_the_test_beside_it()
    {
        var group = Own(MemoryGroup.Make(Limit));
        var scheduler = await StartSchedulerAsync(LongLease);
        await StartWorkerAsync(scheduler, "w1", slots: 2, [.. Quick, (ServiceProcess.MemoryGroupVariable, group.Path)]);
        var session = (await scheduler.WorkerAsync("w1"))!.RegisteredAt;
        var beside = NewJournal("beside");
        var besideId = await SubmitAsync(beside);
        await beside.StartedAsync(1);

        // Together they need twice what there is, and each of them less than the worker: by size alone, the kernel would take that.
        await File.WriteAllTextAsync($"{Folder}/eat", """
            for number in $(seq 50); do tail < <(head -c 20000000 /dev/zero; sleep 1000) >/dev/null & done
            wait -n
            """, TestContext.Current.CancellationToken);
        var eating = Submission.Shell($"exec bash {Folder}/eat", testId: "eating");
        await Client.SubmitAsync(eating);

        var run = await scheduler.WaitForEndAsync(Submission.RunIdOf(eating));
        Assert.Equal(("Failed", FailureKinds.TestFailed, 1), (run.State, run.FailureKind, run.Attempt));
        Assert.StartsWith("ran out of memory on w1: the kernel killed it for want of memory", run.Error, StringComparison.Ordinal);
        Assert.Contains("minimumMemoryGb", run.Error, StringComparison.Ordinal);
        Assert.Equal("OutOfMemory", await Database.ScalarAsync<string>("SELECT outcome FROM outcomes WHERE run_id = @run", ("run", run.RunId)));

        beside.LetEnd();
        var other = await scheduler.WaitForEndAsync(besideId);
        Assert.Equal(("Completed", 1), (other.State, other.Attempt));
        Assert.Equal(session, (await scheduler.WorkerAsync("w1"))!.RegisteredAt);
    }

    private MemoryGroup Own(MemoryGroup? group)
    {
        Assert.SkipWhen(group is null, "this process may not make a control group with little memory");
        return base.Own(group);
    }
}
