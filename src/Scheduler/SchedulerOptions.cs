using System.Data.Common;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Bus;
using Npgsql;

namespace LoadBalancer.Scheduler;

/// <summary>Section <c>Scheduler</c>: budgets, delays and limits of a run's life. Every duration is a <c>TimeSpan</c> ("00:00:45").</summary>
internal sealed class SchedulerOptions
{
    public const string Section = "Scheduler";

    /// <summary>Who waits for a result must have had the time to read it, and a repeated message must still find its run.</summary>
    private static readonly TimeSpan ShortestRetention = TimeSpan.FromHours(1);

    private static readonly TimeSpan LongestRetention = TimeSpan.FromDays(3650);

    /// <summary>Scheduling rounds in which no registered worker could ever run a test before it fails as Unschedulable.</summary>
    public int MaxRequeueAttempts { get; set; } = 5;

    /// <summary>Pause between two such rounds.</summary>
    public TimeSpan RequeueDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>What becomes of a run that no registered worker could ever run.</summary>
    public WhenImpossible WhenImpossible { get; set; } = WhenImpossible.Fail;

    /// <summary>After a start, workers get this long to register before anything is called impossible.</summary>
    public TimeSpan StartGrace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A worker that was lost counts as registered for this long: a run that only it can do waits for it.</summary>
    public TimeSpan ForgetWorkerAfter { get; set; } = TimeSpan.FromHours(1);

    /// <summary>After this many lost workers and worker errors a run fails, naming the workers.</summary>
    public int MaxInfrastructureAttempts { get; set; } = 3;

    /// <summary>A worker that is silent for this long is lost. Must exceed <see cref="KillGrace"/> plus a few heartbeats.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>A worker that is silent for this long is possibly lost and gets nothing new. Two heartbeats.</summary>
    public TimeSpan DoubtAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long before the end of its lease a worker stops its own runs.</summary>
    public TimeSpan KillGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>An assignment that has not started after this long is asked back.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long after its timeout a test that its worker has not ended is asked to stop, and how often.</summary>
    public TimeSpan ExecutionGrace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Added to that where a workspace is prepared first.</summary>
    public TimeSpan PrepareAllowance { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Waiting that is worth one level of priority.</summary>
    public TimeSpan AgingStep { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// After a burst, a run goes before shorter ones as soon as all that waits could be done in this many times its own length. 0 favours the
    /// mean time to a result, much the time until all is done.
    /// </summary>
    public double LongFirst { get; set; } = Planner.UsualLongFirst;

    /// <summary>
    /// What follows a test is handed to its worker this long before that test has surely ended, so that the way of the messages costs no
    /// time. 0: never. What is handed out early cannot make way for something more urgent.
    /// </summary>
    public TimeSpan LookAhead { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How often it is looked whether what was handed out and has not started would start sooner elsewhere, besides when workers join or have
    /// nothing to do. 0: only when an operator asks for it.
    /// </summary>
    public TimeSpan RebalanceInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often deadlines and leases are looked at.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A message is sent right after its commit; what is older than this was missed by a crash and is sent by the relay.</summary>
    public TimeSpan RelayAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Limit of one send to the broker; its outcome is unknown afterwards, so it is repeated.</summary>
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Outcomes read at start to rebuild what was learned.</summary>
    public int LearnedOutcomes { get; set; } = 100_000;

    /// <summary>
    /// What has ended is deleted after this long, with its timeline, decisions and results. A run id that comes again after that is new.
    /// </summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Whether changes of runs that are ready together become durable together. Each by itself costs many times as much; it is there to
    /// measure that, and to rule group commit out when a fault is looked for. The embedded mode knows no other way.
    /// </summary>
    public bool GroupCommit { get; set; } = true;

    /// <summary>Seed of the placement's random choices.</summary>
    public int Seed { get; set; } = 1;

    public IEnumerable<string> Problems()
    {
        if (MaxRequeueAttempts < 1)
            yield return $"Scheduler:MaxRequeueAttempts is {MaxRequeueAttempts}; it must be at least 1";
        if (MaxInfrastructureAttempts < 1)
            yield return $"Scheduler:MaxInfrastructureAttempts is {MaxInfrastructureAttempts}; it must be at least 1";
        if (LearnedOutcomes < 0)
            yield return $"Scheduler:LearnedOutcomes is {LearnedOutcomes}; it must not be negative";
        if (LongFirst is not (>= 0 and <= 1000))
            yield return $"Scheduler:LongFirst is {LongFirst}; it must be between 0 and 1000";
        if (LeaseDuration <= KillGrace)
            yield return $"Scheduler:LeaseDuration is {LeaseDuration}; it must be longer than Scheduler:KillGrace, {KillGrace}";
        if (Retention < ShortestRetention || Retention > LongestRetention)
            yield return $"Scheduler:Retention is {Retention}; it must be between 1 hour and {LongestRetention.TotalDays} days";
        foreach (var (name, value) in Durations())
        {
            if (value < TimeSpan.Zero || value > TimeSpan.FromDays(365))
                yield return $"Scheduler:{name} is {value}; it must be between 0 and 365 days";
        }
    }

    private IEnumerable<(string Name, TimeSpan Value)> Durations() =>
    [
        (nameof(RequeueDelay), RequeueDelay), (nameof(StartGrace), StartGrace), (nameof(ForgetWorkerAfter), ForgetWorkerAfter),
        (nameof(LeaseDuration), LeaseDuration), (nameof(DoubtAfter), DoubtAfter), (nameof(KillGrace), KillGrace),
        (nameof(StartTimeout), StartTimeout), (nameof(AgingStep), AgingStep), (nameof(ExecutionGrace), ExecutionGrace), (nameof(PrepareAllowance), PrepareAllowance),
        (nameof(SweepInterval), SweepInterval), (nameof(RelayAfter), RelayAfter), (nameof(SendTimeout), SendTimeout),
        (nameof(LookAhead), LookAhead), (nameof(RebalanceInterval), RebalanceInterval),
    ];
}

internal enum WhenImpossible
{
    /// <summary>Fail after <see cref="SchedulerOptions.MaxRequeueAttempts"/> rounds, with the reasons.</summary>
    Fail,

    /// <summary>Wait until a worker that could run it registers.</summary>
    Wait,
}

/// <summary>Section <c>Broker</c>.</summary>
internal sealed class BrokerOptions
{
    public const string Section = "Broker";

    /// <summary><c>amqp://user:password@host/vhost</c>, <c>amqps://…</c>, or <c>memory://</c> for everything in one process.</summary>
    public string Url { get; set; } = "";

    public bool InMemory => Url.StartsWith("memory://", StringComparison.OrdinalIgnoreCase);

    public IEnumerable<string> Problems()
    {
        if (Url.Length == 0)
            yield return "Broker:Url is missing; set Broker__Url, for example amqp://user:password@127.0.0.1/";
        else if (!Uri.TryCreate(Url, UriKind.Absolute, out var url) || url.Scheme is not ("amqp" or "amqps" or "memory"))
            yield return "Broker:Url cannot be used; it must start with amqp://, amqps:// or memory://";
    }
}

/// <summary>Section <c>Database</c>.</summary>
internal sealed class DatabaseOptions
{
    public const string Section = "Database";

    private const int PreparedStatements = 100;

    /// <summary>PostgreSQL cuts a longer name.</summary>
    private const int LongestName = 63;

    /// <summary>
    /// What is acknowledged is durable, whatever the server does by default. A transaction of a frozen scheduler ends by itself, and so do the
    /// connections of a host that is gone.
    /// </summary>
    private const string SessionSettings =
        "-c synchronous_commit=on -c idle_in_transaction_session_timeout=5s " +
        "-c tcp_keepalives_idle=2 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=8s";

    private const int KeepAliveSeconds = 2;

    /// <summary>Npgsql connection string of a PostgreSQL database, or <c>Data Source=file.db</c> for the embedded mode.</summary>
    public string ConnectionString { get; set; } = "";

    public bool IsSqlite =>
        ConnectionString.Contains("Data Source=", StringComparison.OrdinalIgnoreCase) &&
        !ConnectionString.Contains("Host=", StringComparison.OrdinalIgnoreCase);

    /// <summary>The name of this process's connections, and of nobody else's: whoever takes over from it ends them by that.</summary>
    public string ConnectionName { get; } = NewConnectionName();

    public NpgsqlDataSource ToDataSource() => NpgsqlDataSource.Create(ToConnectionString());

    /// <summary>As it was given, with what was not given set. Statements that are used again are prepared.</summary>
    public NpgsqlConnectionStringBuilder ToConnectionString()
    {
        var given = new DbConnectionStringBuilder { ConnectionString = ConnectionString };
        var complete = new NpgsqlConnectionStringBuilder(ConnectionString) { ApplicationName = ConnectionName };
        if (!given.ContainsKey("Max Auto Prepare"))
            complete.MaxAutoPrepare = PreparedStatements;
        if (!complete.TcpKeepAlive)
            (complete.TcpKeepAlive, complete.TcpKeepAliveTime, complete.TcpKeepAliveInterval) = (true, KeepAliveSeconds, KeepAliveSeconds);
        // The last one of several counts.
        complete.Options = $"{SessionSettings} {complete.Options}".TrimEnd();
        return complete;
    }

    public IEnumerable<string> Problems()
    {
        if (ConnectionString.Length == 0)
            yield return "Database:ConnectionString is missing; set Database__ConnectionString, for example Host=127.0.0.1;Database=loadbalancer;Username=…";
        else if (!IsSqlite && !ConnectionString.Contains("Host=", StringComparison.OrdinalIgnoreCase))
            yield return "Database:ConnectionString names no Host= and no Data Source=; give one of them";
    }

    private static string NewConnectionName()
    {
        var (host, own) = (BusSetup.ConnectionName(), $" {Environment.ProcessId} {Guid.NewGuid().ToString("N")[..8]}");
        return host[..Math.Min(host.Length, LongestName - own.Length)] + own;
    }
}

/// <summary>Section <c>Keys:{key}</c>.</summary>
internal sealed class KeyOptions
{
    /// <summary>Runs that may hold the key at a time; 0 closes it.</summary>
    public int Limit { get; set; } = 1;
}
