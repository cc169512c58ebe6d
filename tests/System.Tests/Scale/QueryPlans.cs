using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LoadBalancer.System.Tests.Scale;

/// <summary>
/// The plan by which PostgreSQL executed each statement of a data source, and how many rows each step of it really read. The server tells them
/// by its extension auto_explain, as notices.
/// </summary>
internal sealed class QueryPlans : ILoggerProvider
{
    private const string Explain =
        "-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0 -c auto_explain.log_analyze=on -c auto_explain.log_timing=off " +
        "-c auto_explain.log_format=json -c auto_explain.log_level=notice";

    private const int PreparedStatements = 100;
    private const int EntriesLikeARow = 10;

    /// <summary>Those that grow with the runs that were ever stored.</summary>
    private static readonly string[] Large = ["runs", "changes", "decisions", "outcomes"];

    private readonly ConcurrentDictionary<string, int> mostRows = new();
    private readonly ConcurrentDictionary<string, string> scans = new();

    /// <summary>For each statement the most rows that a step of it read in one execution.</summary>
    public IReadOnlyDictionary<string, int> MostRows => mostRows;

    /// <summary>The statements that went through a large table from its beginning, and which.</summary>
    public IReadOnlyDictionary<string, string> Scans => scans;

    /// <summary>As the scheduler makes it, with prepared statements.</summary>
    public NpgsqlDataSource ExplainedSource(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = PreparedStatements, Options = Explain };
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UseLoggerFactory(LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(this)));
        return builder.Build();
    }

    public ILogger CreateLogger(string categoryName) => new Notices(this);

    public void Dispose()
    {
    }

    private void Add(string plan)
    {
        using var document = JsonDocument.Parse(plan);
        var statement = document.RootElement.GetProperty("Query Text").GetString()!;
        foreach (var step in StepsOf(document.RootElement.GetProperty("Plan")))
        {
            var rows = RowsReadBy(step);
            mostRows.AddOrUpdate(statement, rows, (_, known) => Math.Max(known, rows));
            if (Text(step, "Node Type") == "Seq Scan" && Large.Contains(Text(step, "Relation Name")))
                scans[statement] = Text(step, "Relation Name");
        }
    }

    private static IEnumerable<JsonElement> StepsOf(JsonElement step) =>
        step.TryGetProperty("Plans", out var steps) ? steps.EnumerateArray().SelectMany(StepsOf).Prepend(step) : [step];

    /// <summary>A bitmap is made of entries of an index alone, which are far cheaper than the rows it then chooses.</summary>
    private static int RowsReadBy(JsonElement step)
    {
        var type = Text(step, "Node Type");
        if (!type.EndsWith("Scan", StringComparison.Ordinal))
            return 0;

        var rows = Number(step, "Actual Rows") + Number(step, "Rows Removed by Filter") + Number(step, "Rows Removed by Index Recheck");
        return (int)(Number(step, "Actual Loops") * rows / (type == "Bitmap Index Scan" ? EntriesLikeARow : 1));
    }

    private static string Text(JsonElement step, string name) => step.TryGetProperty(name, out var value) ? value.GetString()! : "";

    private static double Number(JsonElement step, string name) => step.TryGetProperty(name, out var value) ? value.GetDouble() : 0;

    private sealed class Notices(QueryPlans plans) : ILogger
    {
        private const string Before = "plan:";

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = formatter(state, exception);
            var at = line.IndexOf(Before, StringComparison.Ordinal);
            if (at >= 0 && line.Contains("\"Query Text\"", StringComparison.Ordinal))
                plans.Add(line[(at + Before.Length)..]);
        }
    }
}
