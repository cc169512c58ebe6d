using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LoadBalancer.Scheduler;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.System.Tests.Clients;
using LoadBalancer.System.Tests.Servers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.System.Tests.Scale;

/// <summary>What the scheduler asks of a database with a million runs, by the plans of the statements that it really executed.</summary>
public sealed class QueryPlanTests(TestServers servers) : SystemTest(servers)
{
    /// <summary>A few times what any of them needs here: pages, a suite, what waits or runs.</summary>
    private const int MostRows = 10_000;

    /// <summary>A start reads these, and says how many they are.</summary>
    private const string LearnedOutcomes = "ORDER BY o.id DESC";

    private static readonly StoredRuns Stored = new(Ended: 1_000_000, Waiting: 1_000, Running: 1_000);

    private static readonly string LastSuite = $"suite-{(Stored.Ended + StoredRuns.LongEnded + Stored.Waiting) / StoredRuns.RunsOfSuite}";

    private readonly HttpClient http = new() { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}/") };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_statement_of_a_working_scheduler_reads_by_index_and_a_bounded_number_of_rows()
    {
        await PrepareAsync();
        using var plans = new QueryPlans();
        await using var source = plans.ExplainedSource(Database.ConnectionString);
        await using var scheduler = SchedulerHost.Build(Settings(), builder =>
        {
            builder.Logging.ClearProviders();
            builder.Services.AddSingleton(source);
        });
        await scheduler.StartAsync(Token);
        await Eventually.TrueAsync("it is ready", async () => (await http.GetAsync("health/ready", Token)).IsSuccessStatusCode);

        await RunTestsAsync();
        await AskAsync();
        await Eventually.TrueAsync("what ended long ago is deleted", async () =>
            await Database.ScalarAsync<long>("SELECT count(*) FROM runs WHERE ended_at < now() - interval '30 days'") == 0);
        try
        {
            await Eventually.TrueAsync("every statement was executed", () => Missing(plans).Count == 0);
        }
        finally
        {
            await scheduler.StopAsync(Token);
            Assert.Empty(Missing(plans));
        }

        Assert.Empty(plans.Scans.Select(scan => $"reads all of {scan.Value}: {scan.Key}"));
        Assert.Empty(plans.MostRows.Where(read => read.Value > MostRowsOf(read.Key)).Select(read => $"reads {read.Value} rows: {read.Key}"));
    }

    private static int MostRowsOf(string statement) =>
        statement.Contains(LearnedOutcomes, StringComparison.Ordinal) ? new SchedulerOptions().LearnedOutcomes : MostRows;

    private static List<string> Missing(QueryPlans plans) =>
        [.. HotStatement.All.Where(hot => !plans.MostRows.Keys.Any(hot.Is)).Select(hot => $"not executed: {hot.What}")];

    private string[] Settings() =>
    [
        $"--Broker:Url={Broker.Url}",
        $"--Database:ConnectionString={Database.ConnectionString}",
        $"--Api:Urls={http.BaseAddress!.ToString().TrimEnd('/')}",
        // The workers of the stored runs are silent.
        "--Scheduler:LeaseDuration=01:00:00",
        "--Logging:LogLevel:Default=Warning",
    ];

    private async Task PrepareAsync()
    {
        var options = new DatabaseOptions { ConnectionString = Database.ConnectionString };
        await using var services = new ServiceCollection()
            .AddDbContext<SchedulerDbContext>(builder => SchedulerDbContext.Use(builder, options))
            .BuildServiceProvider();
        await new DatabaseSchema(services.GetRequiredService<IServiceScopeFactory>()).PrepareAsync(Token);
        await Stored.FillAsync(Database.ConnectionString);
    }

    /// <summary>Runs that are accepted, refused, repeated, placed, lost, late, cancelled and ended.</summary>
    private async Task RunTestsAsync()
    {
        var worker = await ConnectScriptedWorkerAsync("scripted", slots: 20);
        await worker.RegisterAsync();
        using var submitted = await http.PostAsJsonAsync("api/runs", new { tests = Enumerable.Range(0, 20).Select(i => Submission.Shell("true", testId: i == 0 ? "" : $"test-{i}")) }, Token);
        submitted.EnsureSuccessStatusCode();
        for (var i = 0; i < 20; i++)
        {
            var run = await worker.NextRunAsync();
            await worker.ReportStartedAsync(run);
            await worker.ReportFinishedAsync(run, i % 2 == 0 ? "passed" : "failed");
            if (i == 0)
                await worker.ReportFinishedAsync(run);
        }

        using var known = await http.PostAsJsonAsync("api/runs", Submission.Shell("true", await EndedRunAsync()), Token);
        using var cancelled = await http.DeleteAsync($"api/suites/{LastSuite}", Token);
        cancelled.EnsureSuccessStatusCode();
    }

    /// <summary>All that the API answers from the database.</summary>
    private async Task AskAsync()
    {
        var run = await EndedRunAsync();
        foreach (var path in new[] { $"runs/{run}", $"runs/{run}/output", $"runs/{run}/explanation", "suites/suite-500", "workers", "keys" })
            await GetAsync(path);
        string[] filters = ["", "suite=suite-500", "state=Completed", "state=Failed", "state=Running", "state=Cancelled", "state=Submitted", "testId=test-7", "suite=suite-500&state=Failed", "testId=test-7&state=Failed"];
        foreach (var filter in filters)
        {
            foreach (var order in new[] { "oldest", "newest" })
            {
                var page = await GetAsync($"runs?{filter}&order={order}");
                if (page["next"] is { } next)
                    await GetAsync($"runs?{filter}&order={order}&after={next}");
            }
        }

        foreach (var (path, from) in new[] { ("events", null), ("events", "1"), ("events?suite=suite-1001", "1"), ("events?suite=nobody", null) })
            await FollowAsync(path, from);
    }

    private async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await http.GetAsync($"api/{path}", Token);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonNode>(Token))!;
    }

    /// <summary>For as long as some looks take.</summary>
    private async Task FollowAsync(string path, string? from)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/{path}");
        if (from is not null)
            request.Headers.Add("Last-Event-ID", from);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        enough.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, enough.Token);
            await answer.Content.CopyToAsync(Stream.Null, enough.Token);
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            // It was followed for long enough.
        }
    }

    private Task<Guid> EndedRunAsync() => Database.ScalarAsync<Guid>("SELECT run_id FROM runs WHERE ended_at > now() - interval '5 days' ORDER BY ended_at LIMIT 1");
}
