using LoadBalancer.System.Tests.Servers;
using Npgsql;

namespace LoadBalancer.System.Tests;

/// <summary>A commit is durable, and the connection breaks before the scheduler hears of it.</summary>
public sealed class LostAnswersTests(TestServers servers) : SystemTest(servers)
{
    [Fact]
    public async Task A_worker_is_accepted_although_its_first_registration_was_not_answered()
    {
        var way = await LaunchBehindAsync("workers");
        var worker = await ConnectScriptedWorkerAsync("w1");

        var registering = worker.RegisterAsync();
        await LoseAnswerAsync(way, "workers");

        await registering;
    }

    /// <summary>Starts a scheduler whose commits of a table take long enough to be cut off in.</summary>
    private async Task<TcpProxy> LaunchBehindAsync(string table)
    {
        var database = new NpgsqlConnectionStringBuilder(Database.ConnectionString);
        var way = Own(new TcpProxy(new Uri($"tcp://127.0.0.1:{database.Port}")));
        (database.Host, database.Port) = ("127.0.0.1", way.Url.Port);
        await (await LaunchSchedulerAsync(Broker.Url, database.ConnectionString)).WaitUntilReadyAsync();
        await Database.ScalarAsync<object>($"""
            CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER stall AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stall()
            """);
        return way;
    }

    private async Task LoseAnswerAsync(TcpProxy way, string table)
    {
        await Eventually.TrueAsync("the commit is under way", async () =>
            await Database.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()") > 0);
        way.Pause(Flow.FromServer);
        await Eventually.TrueAsync("it is durable", async () => await Database.ScalarAsync<long>($"SELECT count(*) FROM {table}") > 0);
        await Database.ScalarAsync<object>($"ALTER TABLE {table} DISABLE TRIGGER stall");
        way.Reset();
        way.Restore();
    }
}
