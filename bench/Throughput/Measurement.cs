using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LoadBalancer.System.Tests;

namespace LoadBalancer.Throughput;

/// <summary>What one stage achieves.</summary>
internal static class Measurement
{
    private const int Batch = 100;
    private const int MostUnderWay = 2_000;
    private const int WarmUp = 30_000;
    private const int Waiting = 100_000;
    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(20);

    /// <summary>Each event a message and a transaction, each submission a message.</summary>
    private static readonly Dictionary<string, string> OneByOne = new() { ["Scheduler__GroupCommit"] = "false", ["Worker__MaxReportsInMessage"] = "1" };

    public static async Task<double> BaselineAsync(int tests)
    {
        await using var stage = await Stage.OpenAsync(OneByOne);
        await stage.Submitter.RunAsync(tests / 5, 1, MostUnderWay);
        await stage.Submitter.RunAsync(tests, 1, MostUnderWay);
        return await PerSecondAsync(stage, tests);
    }

    public static async Task<Product> ProductAsync(int tests, bool withWaiting)
    {
        await using var stage = await Stage.OpenAsync(new Dictionary<string, string>());
        // Warm: what is compiled while it is used is not what is measured.
        await stage.Submitter.RunAsync(WarmUp, Batch, MostUnderWay);
        var servers = Setting.Of("LB_SERVER_PIDS").Split(' ').Select(int.Parse).ToList();
        var (ours, theirs) = (CpuTime.SecondsOf(stage.Processes), CpuTime.SecondsOf(servers));
        var size = await stage.NumberAsync("SELECT pg_database_size(current_database())");
        await stage.Submitter.RunAsync(tests, Batch, MostUnderWay);
        (ours, theirs) = (CpuTime.SecondsOf(stage.Processes) - ours, CpuTime.SecondsOf(servers) - theirs);
        size = await stage.NumberAsync("SELECT pg_database_size(current_database())") - size;
        var rate = await PerSecondAsync(stage, tests);
        var latency = await LatencyAsync(stage, rate / 5, seed: 1);
        var crowded = withWaiting ? await CrowdedAsync(stage, rate / 5) : null;
        return new Product(rate, ours / tests * 1000, theirs / tests * 1000, size / tests, latency, crowded);
    }

    /// <summary>The rate in the middle: neither the filling nor the emptying of the queue counts.</summary>
    private static Task<double> PerSecondAsync(Stage stage, int tests) => stage.NumberAsync($"""
        SELECT 0.8 * {tests} / extract(epoch FROM percentile_disc(0.9) WITHIN GROUP (ORDER BY ended_at) - percentile_disc(0.1) WITHIN GROUP (ORDER BY ended_at))
        FROM (SELECT ended_at FROM runs WHERE ended_at IS NOT NULL ORDER BY submitted_at DESC LIMIT {tests}) AS measured
        """);

    private static async Task<Latency> CrowdedAsync(Stage stage, double rate)
    {
        await stage.Submitter.SubmitAsync([Parked(seconds: 3600)]);
        // Submissions are stored at once, in any order: one of the others would else run before it, and end.
        await Eventually.TrueAsync("it is busy", async () => await stage.NumberAsync("SELECT count(*) FROM runs WHERE state = 'Running'") > 0);
        for (var i = 0; i < Waiting / Batch; i++)
            await stage.Submitter.SubmitAsync(Enumerable.Range(0, Batch).Select(_ => Parked(seconds: 0)));
        await Eventually.TrueAsync(
            "all wait", async () => await stage.NumberAsync("SELECT count(*) FROM runs WHERE ended_at IS NULL") > Waiting, TimeSpan.FromMinutes(10));
        return await LatencyAsync(stage, rate, seed: 2);
    }

    /// <summary>It needs the one worker that is busy.</summary>
    private static JsonObject Parked(int seconds)
    {
        var test = Submitter.Test("parked");
        test["parameters"] = new JsonObject { ["seconds"] = seconds.ToString(CultureInfo.InvariantCulture) };
        test["requirements"]!["labels"] = new JsonObject { ["parking"] = "yes" };
        return test;
    }

    /// <summary>
    /// Open loop: each submission has its time, drawn beforehand, and is measured from that time, whether or not the ones before are done.
    /// </summary>
    private static async Task<Latency> LatencyAsync(Stage stage, double rate, int seed)
    {
        var random = new Random(seed);
        var intended = new Dictionary<Guid, DateTimeOffset>();
        var sending = new List<Task>();
        var (began, clock) = (DateTimeOffset.UtcNow, Stopwatch.StartNew());
        for (var at = TimeSpan.Zero; at < LoadTime; at += TimeSpan.FromSeconds(-Math.Log(1 - random.NextDouble()) / rate))
        {
            if (at - clock.Elapsed is { Ticks: > 0 } early)
                await Task.Delay(early);
            var runId = Guid.NewGuid();
            intended[runId] = began + at;
            sending.Add(stage.Submitter.SubmitAsync([Submitter.Test($"test-{intended.Count % 500}", runId)]));
        }

        await Task.WhenAll(sending);
        var started = await StartedAsync(stage, intended);
        var waits = intended.Select(run => (started[run.Key] - run.Value).TotalMilliseconds).Order().ToArray();
        return new Latency(waits.Length, Rank(0.5), Rank(0.99));

        double Rank(double share) => Math.Round(waits[(int)Math.Ceiling(share * waits.Length) - 1], 1);
    }

    private static async Task<Dictionary<Guid, DateTimeOffset>> StartedAsync(Stage stage, Dictionary<Guid, DateTimeOffset> intended)
    {
        var started = new Dictionary<Guid, DateTimeOffset>();
        await Eventually.TrueAsync("all have started", async () =>
        {
            started = await stage.QueryAsync("SELECT run_id, started_at FROM runs WHERE started_at IS NOT NULL", async reader =>
            {
                var found = new Dictionary<Guid, DateTimeOffset>();
                while (await reader.ReadAsync())
                    found[reader.GetGuid(0)] = reader.GetFieldValue<DateTimeOffset>(1);
                return found;
            });
            return intended.Keys.All(started.ContainsKey);
        });
        return started;
    }
}

/// <param name="Samples">Tests.</param>
/// <param name="P50Ms">From the intended submission to the start, as the scheduler stored it.</param>
/// <param name="P99Ms">The same for the slowest hundredth.</param>
internal sealed record Latency(int Samples, double P50Ms, double P99Ms);

/// <param name="TestsPerSecond">In the steady state.</param>
/// <param name="CpuSecondsPerThousandTests">Of scheduler and workers.</param>
/// <param name="ServerCpuSecondsPerThousandTests">Of broker and database.</param>
/// <param name="BytesPerTest">Growth of the database.</param>
/// <param name="Latency">At a fifth of that rate.</param>
/// <param name="Crowded">The same with 100,000 runs waiting for a worker that is busy.</param>
internal sealed record Product(
    double TestsPerSecond, double CpuSecondsPerThousandTests, double ServerCpuSecondsPerThousandTests, double BytesPerTest, Latency Latency, Latency? Crowded);
