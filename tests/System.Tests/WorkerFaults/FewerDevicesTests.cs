using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.WorkerFaults;

/// <summary>A worker that comes back with less than it had.</summary>
public sealed class FewerDevicesTests(TestServers servers) : WorkerFaultTest(servers)
{
    [Fact]
    public async Task What_no_longer_fits_on_a_worker_that_lost_a_device_is_planned_elsewhere_and_what_runs_elsewhere_stays()
    {
        var scheduler = await StartSchedulerAsync(LongLease);
        var before = await StartWorkerAsync(scheduler, "w1", slots: 4, settings: Devices(2));
        Journal[] journals = [NewJournal("a"), NewJournal("b"), NewJournal("c")];
        var runs = new List<Guid>();
        foreach (var journal in journals)
        {
            if (journal == journals[2])
            {
                await StartWorkerAsync(scheduler, "w2", slots: 4, settings: Devices(1));
            }

            runs.Add(await SubmitAsync(journal, Requiring("requiredAccelerators", new JsonObject { ["cuda"] = 1 })));
            await journal.StartedAsync(1);
        }

        Assert.Equal("w2", journals[2].WorkerOf(1));

        await before.StopAsync();
        await LaunchWorkerAsync("w1", slots: 4, settings: Devices(1));

        await Eventually.TrueAsync("one of the two runs there again", () => journals[..2].Count(journal => journal.Attempts.Contains(2)) == 1);
        var (again, waits) = journals[0].Attempts.Contains(2) ? (journals[0], journals[1]) : (journals[1], journals[0]);
        Assert.Equal("w1", again.WorkerOf(2));
        Assert.Equal((1, 1), await ReservedAsync(scheduler, "w1"));
        Assert.Equal((1, 1), await ReservedAsync(scheduler, "w2"));
        Assert.Equal([1], waits.Attempts);

        journals[2].LetEnd(1);
        await waits.StartedAsync(2);
        Assert.Equal("w2", waits.WorkerOf(2));
        again.LetEnd();
        waits.LetEnd();
        foreach (var (journal, runId) in journals.Zip(runs))
        {
            Assert.Equal("Completed", (await scheduler.WaitForEndAsync(runId)).State);
            journal.AssertOneAtATime();
        }

        Assert.Equal([1], journals[2].Attempts);
    }

    private static async Task<(int Devices, int Runs)> ReservedAsync(SchedulerProcess scheduler, string id)
    {
        var worker = (await scheduler.WorkerAsync(id))!;
        return (worker.ReservedDevices.Count, worker.BusySlots);
    }

    private static (string Name, string Value)[] Devices(int count) =>
        [.. Quick, ("Worker__Simulate__Accelerators__0__Type", "cuda"), ("Worker__Simulate__Accelerators__0__Count", $"{count}")];
}
