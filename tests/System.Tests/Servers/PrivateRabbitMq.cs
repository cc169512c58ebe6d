using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;

namespace LoadBalancer.System.Tests.Servers;

/// <summary>A RabbitMQ node with the management API, on loopback, with its own epmd.</summary>
internal sealed class PrivateRabbitMq : PrivateServer
{
    /// <summary>Of all its memory; publishers are blocked above it.</summary>
    public const string MemoryLimit = "512MB";

    /// <summary>To be left free; publishers are blocked below it.</summary>
    public const string DiskLimit = "50MB";

    private readonly string programs;
    private readonly int amqp = FreePort.Next();
    private readonly int management = FreePort.Next();
    private readonly int distribution = FreePort.Next();
    private readonly int portMapper = FreePort.Next();

    private PrivateRabbitMq(string programs)
    {
        this.programs = programs;
        Write("rabbitmq.conf", $"""
            listeners.tcp.1 = 127.0.0.1:{amqp}
            management.tcp.ip = 127.0.0.1
            management.tcp.port = {management}
            vm_memory_high_watermark.absolute = {MemoryLimit}
            disk_free_limit.absolute = {DiskLimit}

            """);
        // Without this the node listens to other nodes on all addresses.
        Write("advanced.config", "[{kernel,[{inet_dist_use_interface,{127,0,0,1}}]}].\n");
        Write("enabled_plugins", "[rabbitmq_management].\n");
    }

    public static string? Installed { get; } = Newest("/usr/lib/rabbitmq/lib", "rabbitmq_server-*", "sbin", "rabbitmq-server");

    public Uri AmqpUrl => new($"amqp://guest:guest@127.0.0.1:{amqp}/");

    public Uri ManagementUrl => new($"http://guest:guest@127.0.0.1:{management}/");

    /// <summary>What the node has logged.</summary>
    public string Log => string.Concat(Directory.EnumerateFiles(Path.Combine(Folder, "log"), "*.log").Order(StringComparer.Ordinal).Select(ReadShared));

    /// <summary>The Erlang VM. Its file is deleted early in a shutdown.</summary>
    public override int ServerProcessId =>
        int.Parse(File.ReadAllText(Path.Combine(Folder, "rabbitmq.pid")), CultureInfo.InvariantCulture);

    // A node that is only just starting can miss the first signal, so its process group is killed 30 s later.
    protected override string Script => $$"""
        epmd -address 127.0.0.1 -port {{portMapper}} & keeper=$!
        setsid {{programs}}/rabbitmq-server & server=$!
        (read -r _ <&3; kill -TERM $server; n=0
         while kill -0 $server; do n=$((n + 1)); [ $n -lt 30 ] || kill -9 -$server; sleep 1; done) & watcher=$!
        wait $server
        kill $watcher $keeper
        wait
        """;

    protected override IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>
    {
        ["RABBITMQ_NODENAME"] = "lb-test@localhost",
        ["RABBITMQ_MNESIA_BASE"] = Path.Combine(Folder, "mnesia"),
        ["RABBITMQ_LOG_BASE"] = Path.Combine(Folder, "log"),
        ["RABBITMQ_PID_FILE"] = Path.Combine(Folder, "rabbitmq.pid"),
        ["RABBITMQ_CONFIG_FILE"] = Path.Combine(Folder, "rabbitmq.conf"),
        ["RABBITMQ_ADVANCED_CONFIG_FILE"] = Path.Combine(Folder, "advanced.config"),
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(Folder, "enabled_plugins"),
        ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
        ["RABBITMQ_DIST_PORT"] = $"{distribution}",
        ["ERL_EPMD_PORT"] = $"{portMapper}",
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
    };

    public static Task<PrivateRabbitMq> StartAsync() =>
        BootedAsync(new PrivateRabbitMq(Installed ?? throw new FileNotFoundException("RabbitMQ is not installed")));

    /// <summary>What only <c>rabbitmqctl</c> can do. It takes one or two seconds.</summary>
    public async Task ControlAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(programs, "rabbitmqctl"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var (name, value) in ServerEnvironment())
        {
            start.Environment[name] = value;
        }

        using var control = Process.Start(start)!;
        var output = await Task.WhenAll(control.StandardOutput.ReadToEndAsync(), control.StandardError.ReadToEndAsync());
        await control.WaitForExitAsync();
        if (control.ExitCode != 0)
        {
            throw new InvalidOperationException($"rabbitmqctl {string.Join(' ', arguments)} ended with {control.ExitCode}: {string.Concat(output)}");
        }
    }

    /// <summary>An open port may belong to somebody else, so ask this node whether it listens there.</summary>
    protected override async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("guest:guest"u8));
        try
        {
            var check = new Uri($"http://127.0.0.1:{management}/api/health/checks/port-listener/{amqp}");
            using var answer = await http.GetAsync(check, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Declare queues three seconds before: a younger one may be gone afterwards (RabbitMQ 3.10.8).</summary>
    protected override void SendCrash() => Signal.SendKill(ServerProcessId);

    /// <summary>Channels opened from now on are closed when a delivery is not acknowledged within this time. By itself the node looks once a minute.</summary>
    public Task LimitAcknowledgementsAsync(TimeSpan limit, TimeSpan look) => ControlAsync(
        "eval",
        FormattableString.Invariant(
            $"application:set_env(rabbit, consumer_timeout, {limit.TotalMilliseconds:0}), application:set_env(rabbit, channel_tick_interval, {look.TotalMilliseconds:0})."));

    private static string ReadShared(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(Folder, name), content);
}
