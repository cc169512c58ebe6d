using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.Persistence;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Scheduler.Tests.LiveSettings;

/// <summary>The whole scheduler in this process, on an in-memory bus and SQLite, reached by its API; it can be started again.</summary>
internal sealed class LiveScheduler : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string file = Path.Combine(Path.GetTempPath(), $"lb-live-{Guid.NewGuid():N}.db");
    private readonly IPlacementPolicy[] registered;
    private WebApplication app = null!;
    private HttpClient http = null!;

    private LiveScheduler(IPlacementPolicy[] registered) => this.registered = registered;

    /// <summary>Policies of a user that the next start registers no more.</summary>
    public bool ForgetsRegistered { get; set; }

    public ErrorLog Log { get; } = new();

    public PolicySet Policies => app.Services.GetRequiredService<PolicySet>();

    public Dispatcher Dispatcher => app.Services.GetRequiredService<Dispatcher>();

    public static Task<LiveScheduler> StartAsync(params string[] settings) => StartAsync([], settings);

    public static async Task<LiveScheduler> StartAsync(IPlacementPolicy[] registered, params string[] settings)
    {
        var scheduler = new LiveScheduler(registered);
        await scheduler.LaunchAsync(settings);
        return scheduler;
    }

    public async Task RestartAsync(params string[] settings)
    {
        await StopAsync();
        await LaunchAsync(settings);
    }

    public async Task<T> GetAsync<T>(string path) =>
        (await http.GetFromJsonAsync<T>(path, JsonSerializerOptions.Web, TestContext.Current.CancellationToken))!;

    public async Task<(HttpStatusCode Status, JsonNode? Json)> SendAsync(HttpMethod method, string path, string? body = null, string? token = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    public async Task PutAsync(string path, string body)
    {
        var (status, json) = await SendAsync(HttpMethod.Put, path, body);
        Assert.True(status == HttpStatusCode.OK, $"{status}: {json}");
    }

    /// <summary>The detail of problem details that a request must be answered with.</summary>
    public async Task<string> ProblemAsync(HttpMethod method, string path, string? body = null, HttpStatusCode status = HttpStatusCode.BadRequest)
    {
        var (answered, json) = await SendAsync(method, path, body);
        Assert.Equal(status, answered);
        return (string)json!["detail"]!;
    }

    public Task SubmitAsync(string testId, params string[] keys) =>
        http.PostAsJsonAsync("api/runs", new SubmitTest { TestId = testId, ConcurrencyKeys = keys }, TestContext.Current.CancellationToken);

    public async Task RegisterAsync(string workerId, double memoryGb, Guid? session = null, int slots = 1)
    {
        var (sessionId, fleet) = (session ?? Guid.NewGuid(), app.Services.GetRequiredService<WorkerFleet>());
        var registration = new WorkerRegistered { Slots = slots, ReplyTo = "", Capabilities = new WorkerCapabilities { CpuCores = 4, MemoryGb = memoryGb } };
        Assert.Null(await fleet.RegisterAsync(workerId, sessionId, registration, TestContext.Current.CancellationToken));
    }

    /// <summary>Submits a test and returns its run id.</summary>
    public async Task<Guid> RunAsync(SubmitTest test)
    {
        using var answer = await http.PostAsJsonAsync("api/runs", test, TestContext.Current.CancellationToken);
        return (await answer.Content.ReadFromJsonAsync<SubmitAnswer>(JsonSerializerOptions.Web, TestContext.Current.CancellationToken))!.RunId;
    }

    public async Task WaitForStateAsync(Guid runId, string state)
    {
        using var limit = new CancellationTokenSource(Patience);
        while ((await GetAsync<RunDetail>($"api/runs/{runId}")).State != state)
            await Task.Delay(10, limit.Token);
    }

    /// <summary>As another process would have stored it.</summary>
    public async Task StoreAsync(params object[] rows)
    {
        await using var scope = app.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        database.AddRange(rows);
        await database.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>For what another process, or nobody, would do to the database.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var scope = app.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Database.ExecuteSqlRawAsync(sql, TestContext.Current.CancellationToken);
    }

    public async Task<T> ReadAsync<T>(Func<SchedulerDbContext, Task<T>> read)
    {
        await using var scope = app.Services.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<SchedulerDbContext>());
    }

    public async Task SendAsync<T>(string queue, T message) where T : class =>
        await (await app.Services.GetRequiredService<IBus>().GetSendEndpoint(new Uri($"queue:{queue}"))).Send(message, TestContext.Current.CancellationToken);

    /// <summary>Why the next message of a queue was kept in its <c>_error</c>.</summary>
    public async Task<string> KeptAsync(string queue)
    {
        var kept = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var connected = app.Services.GetRequiredService<IReceiveEndpointConnector>().ConnectReceiveEndpoint($"{queue}_error", (_, endpoint) =>
        {
            endpoint.ConfigureConsumeTopology = false;
            endpoint.UseRawJsonDeserializer(RawSerializerOptions.AnyMessageType, isDefault: true);
            endpoint.Handler<KeptMessage>(context =>
            {
                kept.TrySetResult(context.ReceiveContext.TransportHeaders.Get<string>(MessageHeaders.FaultMessage) ?? "");
                return Task.CompletedTask;
            });
        });
        var reason = await kept.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await connected.StopAsync(TestContext.Current.CancellationToken);
        return reason;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        File.Delete(file);
    }

    private async Task LaunchAsync(string[] settings)
    {
        app = SchedulerHost.Build(
            ["--Broker:Url=memory://lb", $"--Database:ConnectionString=Data Source={file}", "--Api:Urls=http://127.0.0.1:0", .. settings],
            builder =>
            {
                builder.Logging.ClearProviders().AddProvider(Log);
                foreach (var policy in ForgetsRegistered ? [] : registered)
                    builder.Services.AddSingleton(policy);
            });
        await app.StartAsync(TestContext.Current.CancellationToken);
        http = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = Patience };
        using var limit = new CancellationTokenSource(Patience);
        while (!app.Services.GetRequiredService<ActiveScheduler>().IsReady)
            await Task.Delay(10, limit.Token);
    }

    private async Task StopAsync()
    {
        http.Dispose();
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }
}

/// <summary>Whatever its body is.</summary>
public sealed record KeptMessage;
