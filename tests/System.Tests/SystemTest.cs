using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Processes;
using LoadBalancer.System.Tests.Servers;
using Npgsql;

namespace LoadBalancer.System.Tests;

/// <summary>
/// A test against the built programs on a real broker and a real database: a virtual host and a database of its own, and everything
/// it starts ends with it. When it fails, the logs of its processes are in its output.
/// </summary>
public abstract class SystemTest(TestServers servers) : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> owned = [];
    private readonly List<ServiceProcess> processes = [];
    private VirtualHost? broker;
    private TestDatabase? database;
    private RawClient? client;
    private string? folder;

    private protected VirtualHost Broker => broker!;

    private protected TestDatabase Database => database!;

    private protected RawClient Client => client!;

    /// <summary>A test whose faults would disturb the others has servers of its own.</summary>
    private protected virtual BrokerServer BrokerServer => servers.Broker;

    private protected virtual DatabaseServer DatabaseServer => servers.Database;

    /// <summary>For files that the runs of this test write.</summary>
    private protected string Folder => folder ??= Directory.CreateTempSubdirectory("lb-test-").FullName;

    public async ValueTask InitializeAsync()
    {
        (broker, database) = (await BrokerServer.NewVirtualHostAsync(), await DatabaseServer.NewDatabaseAsync());
        client = Own(await RawClient.ConnectAsync(broker.Url));
    }

    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
        {
            processes.ForEach(process => TestContext.Current.TestOutputHelper?.WriteLine(process.Log));
        }

        foreach (var resource in owned.AsEnumerable().Reverse())
        {
            await resource.DisposeAsync();
        }

        await (broker?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (database?.DisposeAsync() ?? ValueTask.CompletedTask);
        if (folder is not null)
        {
            Directory.Delete(folder, recursive: true);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Starts a scheduler and waits until it is ready.</summary>
    private protected async Task<SchedulerProcess> StartSchedulerAsync(params (string Name, string Value)[] settings)
    {
        var scheduler = await LaunchSchedulerAsync(Broker.Url, Database.ConnectionString, settings);
        await scheduler.WaitUntilReadyAsync();
        return scheduler;
    }

    /// <summary>Starts a scheduler that may not become ready, or may end.</summary>
    private protected async Task<SchedulerProcess> LaunchSchedulerAsync(
        Uri brokerUrl, string connectionString, params (string Name, string Value)[] settings)
    {
        var scheduler = Own(await SchedulerProcess.StartAsync(brokerUrl, connectionString, Settings(settings)));
        processes.Add(scheduler);
        return scheduler;
    }

    /// <summary>Starts the scheduler in the host that kills itself when an occasion comes; it may be dead before it is ready.</summary>
    private protected async Task<SchedulerProcess> StartCrashingSchedulerAsync(string variable, int occasion)
    {
        var scheduler = Own(await SchedulerProcess.StartAsync(
            Broker.Url, Database.ConnectionString, Settings([(variable, $"{occasion}")]), project: "CrashingScheduler"));
        processes.Add(scheduler);
        return scheduler;
    }

    /// <summary>Starts a worker and waits until the scheduler has accepted it.</summary>
    private protected async Task<WorkerProcess> StartWorkerAsync(
        SchedulerProcess scheduler, string id, int slots = 1, params (string Name, string Value)[] settings)
    {
        var worker = await LaunchWorkerAsync(id, slots, settings: settings);
        await scheduler.WaitForWorkerAsync(id);
        return worker;
    }

    /// <summary>Starts a worker, whatever becomes of it.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="slots">Runs at once.</param>
    /// <param name="broker">Another way to the broker.</param>
    /// <param name="folder">Its work directory within <see cref="Folder"/>; without one, that of its id.</param>
    /// <param name="settings">Environment variables beside these.</param>
    private protected async Task<WorkerProcess> LaunchWorkerAsync(
        string id, int slots = 1, Uri? broker = null, string? folder = null, params (string Name, string Value)[] settings)
    {
        var workDirectory = Directory.CreateDirectory(WorkDirectoryOf(folder ?? id)).FullName;
        var worker = Own(await WorkerProcess.StartAsync(broker ?? Broker.Url, id, slots, workDirectory, Settings(settings)));
        processes.Add(worker);
        return worker;
    }

    private protected string WorkDirectoryOf(string workerId) => Path.Combine(Folder, $"worker-{workerId}");

    /// <summary>A way to the broker that the test can disturb.</summary>
    private protected TcpProxy NewWayToBroker() => Own(new TcpProxy(Broker.Url));

    /// <summary>A way to the database that the test can disturb, and what to connect with to go by it.</summary>
    private protected (TcpProxy Way, string ConnectionString) NewWayToDatabase()
    {
        var through = new NpgsqlConnectionStringBuilder(Database.ConnectionString);
        var way = Own(new TcpProxy(new UriBuilder("tcp", through.Host, through.Port).Uri));
        (through.Host, through.Port) = (way.Url.Host, way.Url.Port);
        return (way, through.ConnectionString);
    }

    private protected async Task<ScriptedWorker> ConnectScriptedWorkerAsync(string id, int slots = 1) =>
        Own(await ScriptedWorker.ConnectAsync(Broker.Url, id, slots));

    private protected async Task<EventLog> FollowEventsAsync() => Own(await Client.FollowEventsAsync());

    private protected T Own<T>(T resource) where T : IAsyncDisposable
    {
        owned.Add(resource);
        return resource;
    }

    private static Dictionary<string, string> Settings((string Name, string Value)[] settings) =>
        settings.ToDictionary(setting => setting.Name, setting => setting.Value);
}
