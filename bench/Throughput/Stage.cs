using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using LoadBalancer.System.Tests.Processes;
using Npgsql;

namespace LoadBalancer.Throughput;

/// <summary>The product as it is run: a scheduler and workers as processes, with a virtual host and a database of their own.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private const int Workers = 4;
    private const int Slots = 16;

    private readonly List<IAsyncDisposable> owned = [];
    private readonly string database = $"bench{Guid.NewGuid():N}";

    private Stage()
    {
    }

    /// <summary>Connects to the stage's database.</summary>
    public string ConnectionString { get; private set; } = "";

    public Uri Broker { get; private set; } = null!;

    public Submitter Submitter { get; private set; } = null!;

    /// <summary>Ids of the processes of the product.</summary>
    public List<int> Processes { get; } = [];

    /// <param name="settings">Of scheduler and workers.</param>
    public static async Task<Stage> OpenAsync(IReadOnlyDictionary<string, string> settings)
    {
        var stage = new Stage();
        await stage.MakePlacesAsync();
        var more = new Dictionary<string, string>(settings) { ["Logging__LogLevel__Default"] = "Warning" };
        var scheduler = await SchedulerProcess.StartAsync(stage.Broker, stage.ConnectionString, more);
        stage.owned.Add(scheduler);
        stage.Processes.Add(scheduler.ProcessId);
        await scheduler.WaitUntilReadyAsync();
        for (var i = 1; i <= Workers; i++)
            await stage.AddWorkerAsync($"w{i}", Slots, more);
        await stage.AddWorkerAsync("parking", 1, new Dictionary<string, string>(more) { ["Worker__Labels__parking"] = "yes" });
        foreach (var worker in Enumerable.Range(1, Workers).Select(i => $"w{i}").Append("parking"))
            await scheduler.WaitForWorkerAsync(worker, "alive");
        stage.Submitter = await Submitter.ConnectAsync(stage.Broker);
        return stage;
    }

    public async Task<T> QueryAsync<T>(string sql, Func<NpgsqlDataReader, Task<T>> read)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        await using var reader = await command.ExecuteReaderAsync();
        return await read(reader);
    }

    public Task<double> NumberAsync(string sql) => QueryAsync(sql, async reader =>
    {
        await reader.ReadAsync();
        return Convert.ToDouble(reader.GetValue(0), CultureInfo.InvariantCulture);
    });

    public async ValueTask DisposeAsync()
    {
        await Submitter.DisposeAsync();
        foreach (var process in owned.AsEnumerable().Reverse())
            await process.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        await ExecuteAsync($"DROP DATABASE {database} WITH (FORCE)");
    }

    private async Task AddWorkerAsync(string id, int slots, Dictionary<string, string> settings)
    {
        var worker = await NoOpWorkerProcess.StartAsync(Broker, id, slots, settings);
        owned.Add(worker);
        Processes.Add(worker.ProcessId);
    }

    private async Task MakePlacesAsync()
    {
        await ExecuteAsync($"CREATE DATABASE {database}");
        ConnectionString = new NpgsqlConnectionStringBuilder(Setting.Database) { Database = database }.ConnectionString;
        var management = new Uri(Setting.Of("LB_MANAGEMENT_URL"));
        using var http = new HttpClient { BaseAddress = new Uri($"{management.Scheme}://{management.Authority}/api/") };
        http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(management.UserInfo))));
        using var created = await http.PutAsync($"vhosts/{database}", content: null);
        created.EnsureSuccessStatusCode();
        using var granted = await http.PutAsJsonAsync(
            $"permissions/{database}/{management.UserInfo.Split(':')[0]}", new JsonObject { ["configure"] = ".*", ["write"] = ".*", ["read"] = ".*" });
        granted.EnsureSuccessStatusCode();
        Broker = new Uri(new Uri(Setting.Of("Broker__Url")), $"/{database}");
    }

    private static async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection($"{Setting.Database};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>A worker whose tests end at once.</summary>
internal sealed class NoOpWorkerProcess : ServiceProcess
{
    private NoOpWorkerProcess(string id, IReadOnlyDictionary<string, string> settings) : base("NoOpWorker", $"worker {id}", settings)
    {
    }

    public static async Task<NoOpWorkerProcess> StartAsync(Uri broker, string id, int slots, IReadOnlyDictionary<string, string> settings)
    {
        var worker = new NoOpWorkerProcess(id, new Dictionary<string, string>(settings)
        {
            ["Broker__Url"] = broker.ToString(),
            ["Worker__Id"] = id,
            ["Worker__Slots"] = slots.ToString(CultureInfo.InvariantCulture),
            ["Worker__WorkDirectory"] = Path.GetFullPath(Path.Combine(Setting.Of("LB_SERVERS_DIRECTORY"), broker.Segments[^1], id)),
            ["Worker__Simulate__CpuCores"] = "64",
            ["Worker__Simulate__MemoryGb"] = "256",
        });
        await worker.WaitUntilStartedAsync();
        return worker;
    }
}

internal static class Setting
{
    public static string Database => Of("Database__ConnectionString");

    public static string Of(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"{name} is not set");
}
