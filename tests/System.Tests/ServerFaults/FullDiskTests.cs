using LoadBalancer.System.Tests.Servers;
using Npgsql;

namespace LoadBalancer.System.Tests.ServerFaults;

/// <summary>The database's disk is full. The disk is one in memory, which only a privileged process may make.</summary>
public sealed class FullDiskTests(TestServers servers, SmallDatabase database) : ServerFaultTest(servers), IClassFixture<SmallDatabase>
{
    private protected override DatabaseServer DatabaseServer => database.Server;

    [Fact]
    public async Task A_full_disk_is_named_and_everything_goes_on_when_there_is_room_again()
    {
        var scheduler = await StartSchedulerAsync();
        await StartSteadyWorkerAsync(scheduler, "w1");
        await SubmitRunningAsync(scheduler, 3, "gate");

        await FillAsync();
        Journal.Open("gate");
        // Each needs more than is left in pages that are allocated already.
        await SubmitAsync(Journal.Tests("meanwhile", 60));
        await scheduler.WaitUntilNotReadyAsync("No space left");
        await Database.ScalarAsync<object>("DROP TABLE filler");

        await EachEndsOnceAsync(scheduler);
        await scheduler.WaitUntilReadyAsync();
    }

    private async Task FillAsync()
    {
        await Database.ScalarAsync<object>("CREATE TABLE filler (text text)");
        // Big steps leave some room, small ones take it.
        foreach (var rows in new[] { 1000, 10, 1 })
        {
            try
            {
                while (true)
                    await Database.ScalarAsync<object>($"INSERT INTO filler SELECT repeat('x', 1900) FROM generate_series(1, {rows})");
            }
            catch (PostgresException full) when (full.SqlState == PostgresErrorCodes.DiskFull)
            {
            }
        }
    }
}
