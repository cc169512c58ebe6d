using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Chaos.Faults;
using LoadBalancer.Chaos.Judging;

namespace LoadBalancer.Chaos.Fleet;

/// <summary>Everything that is started and hurt: two servers, one or more schedulers and unlike workers.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    public static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(15);

    public static readonly IReadOnlyList<WorkerShape> Workers =
    [
        Shape("north-1", 3, "north"),
        Shape("south-1", 2, "south"),
        Shape("north-gpu", 3, "north", cuda: 2),
        Shape("south-gpu", 2, "south", cuda: 1),
    ];

    private const string BrokerVariable = "Broker__Url", DatabaseVariable = "Database__ConnectionString";

    // Short, so that many leases, restarts and time-outs fit into a run; the ratios are those of the defaults.
    private static readonly Dictionary<string, string> SchedulerSettings = new()
    {
        ["Scheduler__LeaseDuration"] = LeaseDuration.ToString("c", CultureInfo.InvariantCulture),
        ["Scheduler__KillGrace"] = "00:00:02",
        ["Scheduler__StartTimeout"] = "00:00:20",
        ["Scheduler__StartGrace"] = "00:00:30",
    };

    private static readonly Dictionary<string, string> WorkerSettings = new()
    {
        ["Worker__HeartbeatInterval"] = "00:00:01",
        ["Worker__KillGrace"] = "00:00:02",
        ["Worker__Simulate__CpuCores"] = "8",
        ["Worker__Simulate__MemoryGb"] = "16",
    };

    private readonly IReadOnlyList<Service> schedulers;
    private readonly List<Service> workers;
    private readonly TimeProvider time;

    public TestFleet(string directory, int schedulers, TimeProvider time)
    {
        this.time = time;
        Broker = new Uri(Setting(BrokerVariable));
        var database = Setting(DatabaseVariable).Split(';').Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[1]);
        var databasePort = int.Parse(database["Port"], CultureInfo.InvariantCulture);
        Apis = [.. FreePorts(schedulers).Select(port => new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(5) })];
        var (logs, servers) = (Path.Combine(directory, "logs"), Path.Combine(directory, "servers"));
        SchedulerNames = NamesOf(schedulers);
        this.schedulers = [.. SchedulerNames.Zip(Apis, (name, api) => new Service(name, "Scheduler", logs, SettingsOf(api), time, api))];
        workers = [.. Workers.Select(shape => new Service(shape.Id, "Worker", logs, SettingsOf(shape, directory), time))];
        Targets =
        [
            new Server("rabbitmq", servers, limit => Answering.BrokerAsync(Broker, limit), time),
            new Server("postgres", servers, limit => Answering.DatabaseAsync(database["Host"], databasePort, limit), time),
            .. this.schedulers,
            .. workers,
        ];
    }

    public Uri Broker { get; }

    /// <summary>Of each scheduler.</summary>
    public IReadOnlyList<HttpClient> Apis { get; }

    public IReadOnlyList<string> SchedulerNames { get; }

    public IReadOnlyList<IFaultTarget> Targets { get; }

    /// <summary>
    /// A quarter of the faults are the servers', a quarter the scheduler's; the boot times are those of a busy machine. Where there are
    /// several schedulers each is hurt as often as the only one, and as often frozen as killed: it wakes when another one leads.
    /// </summary>
    public static IReadOnlyList<Victim> VictimsOf(int schedulers) =>
    [
        new("rabbitmq", 0.13, TimeSpan.FromSeconds(25)),
        new("postgres", 0.12, TimeSpan.FromSeconds(8)),
        .. NamesOf(schedulers).Select(name => new Victim(name, 0.25, TimeSpan.FromSeconds(8)) { ShareOfKills = schedulers == 1 ? 0.7 : 0.5 }),
        .. Workers.Select(worker => new Victim(worker.Id, 0.5 / Workers.Count, TimeSpan.FromSeconds(5))),
    ];

    public static string Settings => string.Join(' ', SchedulerSettings.Concat(WorkerSettings).Select(setting => $"{setting.Key}={setting.Value}"));

    /// <summary>The first one leads.</summary>
    public async Task StartSchedulersAsync(CancellationToken cancellationToken)
    {
        foreach (var (scheduler, api) in schedulers.Zip(Apis))
        {
            await scheduler.StartAsync();
            await Answering.UntilAsync(limit => Answering.HttpAsync(api, "health/ready", limit), time, cancellationToken);
        }
    }

    public async Task StartWorkersAsync(CancellationToken cancellationToken)
    {
        foreach (var worker in workers)
            await worker.StartAsync();
        await Answering.UntilAsync(ExpectWorkersAsync, time, cancellationToken);
    }

    /// <summary>Ends the workers and the schedulers, not the servers.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(workers.Concat(schedulers).Select(service => service.DisposeAsync().AsTask()));
        foreach (var api in Apis)
            api.Dispose();
    }

    private async Task ExpectWorkersAsync(CancellationToken cancellationToken)
    {
        var known = await Apis[0].GetStringAsync(new Uri("api/workers", UriKind.Relative), cancellationToken);
        var missing = Workers.Where(worker => !known.Contains($"\"{worker.Id}\"", StringComparison.Ordinal)).Select(worker => worker.Id);
        if (missing.FirstOrDefault() is { } id)
            throw new HttpRequestException($"{id} is not registered yet");
    }

    private static string[] NamesOf(int schedulers) =>
        schedulers == 1 ? ["scheduler"] : [.. Enumerable.Range(1, schedulers).Select(number => string.Create(CultureInfo.InvariantCulture, $"scheduler-{number}"))];

    private static Dictionary<string, string> SettingsOf(HttpClient api)
    {
        var address = api.BaseAddress!.GetLeftPart(UriPartial.Authority);
        return new Dictionary<string, string>(SchedulerSettings) { ["Api__Urls"] = address, ["Api__PublicUrl"] = address };
    }

    private static Dictionary<string, string> SettingsOf(WorkerShape shape, string directory)
    {
        var settings = new Dictionary<string, string>(WorkerSettings)
        {
            ["Worker__Id"] = shape.Id,
            ["Worker__Slots"] = shape.Slots.ToString(CultureInfo.InvariantCulture),
            ["Worker__WorkDirectory"] = Directory.CreateDirectory(Path.Combine(directory, "work", shape.Id)).FullName,
        };
        foreach (var (name, value) in shape.Labels)
            settings[$"Worker__Labels__{name}"] = value;
        foreach (var ((type, count), position) in shape.Devices.Select((entry, position) => (entry, position)))
        {
            settings[$"Worker__Simulate__Accelerators__{position}__Type"] = type;
            settings[$"Worker__Simulate__Accelerators__{position}__Count"] = count.ToString(CultureInfo.InvariantCulture);
        }

        return settings;
    }

    private static WorkerShape Shape(string id, int slots, string site, int cuda = 0) => new(id, slots)
    {
        Labels = new Dictionary<string, string> { ["site"] = site },
        Devices = cuda == 0 ? new Dictionary<string, int>() : new Dictionary<string, int> { ["cuda"] = cuda },
    };

    private static string Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
        ? value
        : throw new InvalidOperationException($"{name} is not set: start this by ./chaos.sh");

    /// <summary>Below the range of outgoing connections: they must still be free when a scheduler is started again.</summary>
    private static HashSet<int> FreePorts(int count)
    {
        var random = new Random(Environment.ProcessId);
        var ports = new HashSet<int>();
        while (ports.Count < count)
        {
            using var listener = new TcpListener(IPAddress.Loopback, random.Next(20_000, 32_000));
            try
            {
                listener.Start();
                ports.Add(((IPEndPoint)listener.LocalEndpoint).Port);
            }
            catch (SocketException)
            {
                // Taken: try another.
            }
        }

        return ports;
    }
}
