using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoadBalancer.Contracts;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests.Processes;

/// <summary>The scheduler as a process, and its HTTP API.</summary>
internal sealed class SchedulerProcess : ServiceProcess
{
    private readonly HttpClient http;

    private SchedulerProcess(string project, Uri url, IReadOnlyDictionary<string, string> settings)
        : base(project, project, settings) =>
        http = new HttpClient { BaseAddress = url, Timeout = Eventually.Limit };

    /// <param name="broker">With its virtual host.</param>
    /// <param name="database">Connection string.</param>
    /// <param name="settings">Environment variables beside the addresses.</param>
    /// <param name="project">Another host of the scheduler.</param>
    public static async Task<SchedulerProcess> StartAsync(
        Uri broker, string database, IReadOnlyDictionary<string, string> settings, string project = "Scheduler")
    {
        var url = new Uri($"http://127.0.0.1:{FreePort.Next()}/");
        var scheduler = new SchedulerProcess(project, url, new Dictionary<string, string>(settings)
        {
            ["Broker__Url"] = broker.ToString(),
            ["Database__ConnectionString"] = database,
            ["Api__Urls"] = url.ToString().TrimEnd('/'),
        });
        await scheduler.WaitUntilStartedAsync();
        return scheduler;
    }

    public Task WaitUntilReadyAsync() => WaitUntilAsync($"{Name} is ready and leads", IsReadyAsync);

    public Task WaitUntilStandingByAsync() => WaitUntilAsync($"{Name} stands by", () => IsReadyAsync("standby"));

    public Task<bool> IsReadyAsync() => IsReadyAsync("leader");

    /// <summary>For requests that no client of ours would send.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body = null) =>
        http.SendAsync(new HttpRequestMessage(method, path) { Content = body });

    /// <summary>Waits until it says that it is not ready, and why; it goes on living.</summary>
    public async Task WaitUntilNotReadyAsync(string reason)
    {
        var last = "";
        try
        {
            await WaitUntilAsync($"{Name} is not ready: {reason}", async () =>
            {
                using var answer = await http.GetAsync("health/ready");
                last = await answer.Content.ReadAsStringAsync();
                return answer.StatusCode == HttpStatusCode.ServiceUnavailable && last.Contains(reason, StringComparison.OrdinalIgnoreCase);
            });
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"its last answer was {last}; {e.Message}", e);
        }

        using var live = await http.GetAsync("health/live");
        live.EnsureSuccessStatusCode();
    }

    public async Task<SubmitAnswer> SubmitAsync(JsonObject test) => await PostAsync<SubmitAnswer>(test);

    public async Task<IReadOnlyList<SubmitAnswer>> SubmitAsync(params JsonObject[] tests) =>
        (await PostAsync<SubmitAnswers>(new { tests })).Runs;

    /// <summary>Null when the scheduler does not know the run.</summary>
    public Task<RunDetail?> GetRunAsync(Guid runId) => GetAsync<RunDetail>($"api/runs/{runId}");

    public Task<RunExplanation?> ExplainAsync(Guid runId) => GetAsync<RunExplanation>($"api/runs/{runId}/explanation");

    /// <summary>How a request to cancel is answered.</summary>
    public async Task<HttpStatusCode> CancelAsync(Guid runId, string reason)
    {
        using var answer = await http.DeleteAsync($"api/runs/{runId}?reason={Uri.EscapeDataString(reason)}");
        return answer.StatusCode;
    }

    public Task DrainAsync(string workerId, string reason, double? deadlineSeconds = null) => CommandAsync(FormattableString.Invariant(
        $"api/workers/{workerId}/drain?reason={Uri.EscapeDataString(reason)}{(deadlineSeconds is null ? "" : $"&deadlineSeconds={deadlineSeconds}")}"));

    public Task EndDrainAsync(string workerId) => CommandAsync($"api/workers/{workerId}/resume");

    /// <summary>The worker as the scheduler sees it, or null when it does not know one.</summary>
    public async Task<WorkerView?> WorkerAsync(string workerId) => (await WorkersAsync()).FirstOrDefault(worker => worker.WorkerId == workerId);

    public async Task<IReadOnlyList<WorkerView>> WorkersAsync() => (await GetAsync<WorkerList>("api/workers"))?.Workers ?? [];

    public Task WaitForWorkerAsync(string workerId, string status = "alive") =>
        WaitUntilAsync($"worker {workerId} is {status}", async () => (await WorkersAsync()).Any(w => w.WorkerId == workerId && w.Status == status));

    /// <summary>Waits until the run is in a state, and returns it.</summary>
    public async Task<RunDetail> WaitForRunAsync(Guid runId, Func<RunDetail, bool> condition, string what)
    {
        RunDetail? last = null;
        try
        {
            return await Eventually.GetAsync($"run {runId}: {what}", async () =>
                (last = await GetRunAsync(runId)) is { } run && condition(run) ? run : null);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}; it is {last?.State ?? "unknown"} ({last?.Reason})\n{Log}", e);
        }
    }

    public Task<RunDetail> WaitForEndAsync(Guid runId) =>
        WaitForRunAsync(runId, run => RunStates.IsTerminal(run.State), "has ended");

    public override async ValueTask DisposeAsync()
    {
        http.Dispose();
        await base.DisposeAsync();
    }

    private async Task<bool> IsReadyAsync(string role)
    {
        using var answer = await http.GetAsync("health/ready");
        return answer.IsSuccessStatusCode && (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("role").GetString() == role;
    }

    private async Task<T> PostAsync<T>(object body)
    {
        using var answer = await http.PostAsJsonAsync("api/runs", body, JsonSerializerOptions.Web);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web))!;
    }

    private async Task CommandAsync(string path)
    {
        using var answer = await http.PostAsync(path, content: null);
        answer.EnsureSuccessStatusCode();
    }

    private async Task<T?> GetAsync<T>(string path) where T : class
    {
        using var answer = await http.GetAsync(path);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web);
    }
}
