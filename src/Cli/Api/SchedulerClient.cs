using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Api;

/// <summary>Which runs a list holds, null meaning any, and in which order; without one the oldest come first.</summary>
internal sealed record RunQuery(string? Suite = null, string? State = null, string? TestId = null, bool NewestFirst = false);

/// <summary>The scheduler's HTTP API. What goes wrong leaves as an <see cref="LbException"/> that says what to do.</summary>
internal sealed partial class SchedulerClient : IDisposable
{
    /// <summary>With the tries of a submission, well within the ten seconds in which an unreachable address is reported.</summary>
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(8);

    /// <summary>A batch of a thousand is answered after its commit.</summary>
    private static readonly TimeSpan SubmitLimit = TimeSpan.FromSeconds(30);

    /// <summary>Pauses before a batch is sent again. A repeat is harmless: every test carries its run id.</summary>
    private static readonly TimeSpan[] SubmitPauses = [TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1)];

    private const int PageSize = 500;

    private readonly HttpClient http;
    private readonly TimeProvider time;

    public SchedulerClient(Uri address, string? token, TimeProvider time)
    {
        this.time = time;
        Address = address.AbsoluteUri.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");
        http = new HttpClient(new LeaderRedirect(new SocketsHttpHandler { ConnectTimeout = ConnectLimit, AllowAutoRedirect = false }))
        {
            BaseAddress = Address,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public Uri Address { get; }

    /// <summary>Submits one batch and answers test by test, after the commit.</summary>
    public async Task<IReadOnlyList<SubmitAnswer>> Submit(SubmissionBatch batch, CancellationToken cancel)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var content = new ByteArrayContent(batch.Body) { Headers = { ContentType = new("application/json") } };
                return (await Send<SubmitAnswers>(HttpMethod.Post, "api/runs", SubmitLimit, cancel, content)).Runs;
            }
            catch (LbException e) when (tries < SubmitPauses.Length && IsPassing(e))
            {
                await Task.Delay(SubmitPauses[tries], time, cancel);
            }
        }
    }

    /// <summary>All pages, in the scheduler's order.</summary>
    public async IAsyncEnumerable<RunSummary> Runs(RunQuery query, [EnumeratorCancellation] CancellationToken cancel)
    {
        string? after = null;
        do
        {
            var page = await RunPage(query, PageSize, after, cancel);
            foreach (var run in page.Runs) yield return run;
            after = page.Next;
        }
        while (after is not null);
    }

    public Task<RunPage> RunPage(RunQuery query, int limit, string? after, CancellationToken cancel) =>
        Send<RunPage>(HttpMethod.Get, "api/runs" + QueryString(
            ("suite", query.Suite),
            ("state", query.State),
            ("testId", query.TestId),
            ("order", query.NewestFirst ? "newest" : null),
            ("limit", limit.ToString(CultureInfo.InvariantCulture)),
            ("after", after)), ReadLimit, cancel);

    /// <summary>Null when the scheduler does not know the run.</summary>
    public Task<RunDetail?> FindRun(Guid runId, CancellationToken cancel) => Find<RunDetail>($"api/runs/{runId}", cancel);

    public Task<RunExplanation?> FindExplanation(Guid runId, CancellationToken cancel) =>
        Find<RunExplanation>($"api/runs/{runId}/explanation", cancel);

    /// <summary>The output of an attempt, or of the latest; null when none is stored.</summary>
    public Task<RunOutput?> FindOutput(Guid runId, int? attempt, CancellationToken cancel) =>
        Find<RunOutput>($"api/runs/{runId}/output" + QueryString(("attempt", attempt?.ToString(CultureInfo.InvariantCulture))), cancel);

    public Task<SuiteView?> FindSuite(string suite, CancellationToken cancel) =>
        Find<SuiteView>($"api/suites/{Uri.EscapeDataString(suite)}", cancel);

    public async Task<IReadOnlyList<WorkerView>> Workers(CancellationToken cancel) =>
        (await Send<WorkerList>(HttpMethod.Get, "api/workers", ReadLimit, cancel)).Workers;

    public async Task Drain(string workerId, string reason, double? deadlineSeconds, CancellationToken cancel)
    {
        var path = $"api/workers/{Uri.EscapeDataString(workerId)}/drain" +
            QueryString(("reason", reason), ("deadlineSeconds", deadlineSeconds?.ToString(CultureInfo.InvariantCulture)));
        using var answer = await Send(HttpMethod.Post, path, ReadLimit, cancel);
    }

    public async Task Resume(string workerId, CancellationToken cancel)
    {
        using var answer = await Send(HttpMethod.Post, $"api/workers/{Uri.EscapeDataString(workerId)}/resume", ReadLimit, cancel);
    }

    public async Task<IReadOnlyList<MoveView>> Rebalance(CancellationToken cancel) =>
        (await Send<RebalanceAnswer>(HttpMethod.Post, "api/rebalance", ReadLimit, cancel)).Recalled;

    public async Task CancelRun(Guid runId, string reason, CancellationToken cancel)
    {
        using var answer = await Send(HttpMethod.Delete, $"api/runs/{runId}" + QueryString(("reason", reason)), ReadLimit, cancel);
    }

    public async Task CancelSuite(string suite, string reason, CancellationToken cancel)
    {
        var path = $"api/suites/{Uri.EscapeDataString(suite)}" + QueryString(("reason", reason));
        using var answer = await Send(HttpMethod.Delete, path, SubmitLimit, cancel);
    }

    /// <summary>Opens the stream of changes, after <paramref name="lastEventId"/> or from now on. The caller disposes of the answer.</summary>
    public Task<HttpResponseMessage> OpenChanges(string? suite, string? lastEventId, CancellationToken cancel)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "api/events" + QueryString(("suite", suite)));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (!string.IsNullOrEmpty(lastEventId)) request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        return Send(request, HttpCompletionOption.ResponseHeadersRead, ReadLimit, cancel);
    }

    public void Dispose() => http.Dispose();

    private async Task<T?> Find<T>(string path, CancellationToken cancel) where T : class
    {
        try
        {
            return await Send<T>(HttpMethod.Get, path, ReadLimit, cancel);
        }
        catch (LbException e) when (e.InnerException is HttpRequestException { StatusCode: HttpStatusCode.NotFound })
        {
            return null;
        }
    }

    private async Task<T> Send<T>(HttpMethod method, string path, TimeSpan limit, CancellationToken cancel, HttpContent? content = null)
    {
        using var answer = await Send(method, path, limit, cancel, content);
        try
        {
            return await answer.Content.ReadFromJsonAsync<T>(Json.Options, cancel)
                ?? throw new JsonException("the body is null");
        }
        catch (JsonException e)
        {
            throw LbException.Unreachable($"{Address} answered {path} with something else than {typeof(T).Name}: {e.Message} "
                + "Is it a scheduler of this version? The address is set by --url or LB_URL.");
        }
    }

    private Task<HttpResponseMessage> Send(HttpMethod method, string path, TimeSpan limit, CancellationToken cancel, HttpContent? content = null) =>
        Send(new HttpRequestMessage(method, path) { Content = content }, HttpCompletionOption.ResponseContentRead, limit, cancel);

    private async Task<HttpResponseMessage> Send(
        HttpRequestMessage request, HttpCompletionOption completion, TimeSpan limit, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        HttpResponseMessage answer;
        try
        {
            answer = await http.SendAsync(request, completion, either.Token);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e.Message, e);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw Unreachable(deadline.IsCancellationRequested ? $"no answer within {limit.TotalSeconds:0} s" : e.Message, e);
        }

        if (answer.IsSuccessStatusCode) return answer;
        using (answer) throw await Problem.Read(answer, Address, cancel);
    }

    private static bool IsPassing(LbException error) => error.InnerException is HttpRequestException
    {
        StatusCode: null or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout,
    };

    private LbException Unreachable(string why, Exception cause) => LbException.Unreachable(
        $"cannot reach the scheduler at {Address}: {why}. Start one (lb dev), or set its address by --url or LB_URL.", cause);

    private static string QueryString(params (string Name, string? Value)[] parts)
    {
        var given = parts.Where(part => !string.IsNullOrEmpty(part.Value)).Select(part => $"{part.Name}={Uri.EscapeDataString(part.Value!)}");
        return string.Join('&', given) is { Length: > 0 } query ? "?" + query : "";
    }
}
