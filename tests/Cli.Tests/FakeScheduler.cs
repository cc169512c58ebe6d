using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using LoadBalancer.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Cli.Tests;

/// <summary>The scheduler's HTTP API on a real socket, with runs that the test moves by hand.</summary>
internal sealed class FakeScheduler : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);
    private readonly WebApplication app;
    private readonly Lock changing = new();
    private readonly List<TestRunChange> changes = [];
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> streams = [];
    private TaskCompletionSource changed = new();

    private FakeScheduler(WebApplication app) => this.app = app;

    public ConcurrentDictionary<Guid, RunSummary> Runs { get; } = [];

    public ConcurrentQueue<SubmitTest> Submitted { get; } = [];

    public ConcurrentDictionary<Guid, RunOutput> Outputs { get; } = [];

    public ConcurrentDictionary<Guid, RunDetail> Details { get; } = [];

    public ConcurrentQueue<string> Requests { get; } = [];

    public ConcurrentQueue<(Guid RunId, string? Reason)> Cancelled { get; } = [];

    /// <summary>Of the requests that set something.</summary>
    public ConcurrentQueue<string> Bodies { get; } = [];

    public IReadOnlyList<WorkerView> Workers { get; set; } = [];

    public IReadOnlyList<MoveView> Moves { get; set; } = [];

    /// <summary>What a submission becomes at once; the default is what a scheduler with an idle fleet would do later.</summary>
    public Func<SubmitTest, string> StateOf { get; set; } = _ => RunStates.Completed;

    public Func<SubmitTest, string?> Refusal { get; set; } = _ => null;

    /// <summary>Why no worker could run it.</summary>
    public Func<SubmitTest, string?> Impossible { get; set; } = _ => null;

    public bool StreamsChanges { get; set; } = true;

    public string? RequiredToken { get; set; }

    public int OpenStreams => streams.Count;

    public ConcurrentQueue<string> ResumedAfter { get; } = [];

    public string Url => app.Urls.Single();

    public static async Task<FakeScheduler> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var fake = new FakeScheduler(app);
        fake.Map();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return fake;
    }

    /// <summary>Moves a run and tells the streams.</summary>
    public RunSummary Move(Guid runId, string state, string? workerId = null, string? failureKind = null, string? error = null, bool tell = true)
    {
        lock (changing)
        {
            var before = Runs[runId];
            var now = DateTimeOffset.UtcNow;
            var after = before with
            {
                State = state,
                WorkerId = workerId ?? before.WorkerId,
                Attempt = state == RunStates.Assigned ? before.Attempt + 1 : Math.Max(before.Attempt, workerId is null ? 0 : 1),
                FailureKind = failureKind,
                Error = error,
                Sequence = before.Sequence + 1,
                StartedAt = state == RunStates.Running ? now : before.StartedAt,
                EndedAt = RunStates.IsTerminal(state) ? now : null,
                WaitSeconds = 1.5,
                RunSeconds = RunStates.IsTerminal(state) ? 2.5 : null,
            };
            Runs[runId] = after;
            if (!tell) return after;

            changes.Add(new TestRunChange
            {
                RunId = runId,
                Sequence = after.Sequence,
                TestId = after.TestId,
                Suite = after.Suite,
                State = state,
                Attempt = after.Attempt,
                WorkerId = after.WorkerId,
                FailureKind = failureKind,
                Error = error,
                At = now,
                DurationSeconds = after.RunSeconds,
            });
            var waiting = changed;
            changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.SetResult();
            return after;
        }
    }

    public RunSummary Add(string testId, string suite, string state = RunStates.Submitted)
    {
        var run = new RunSummary { RunId = Guid.NewGuid(), TestId = testId, Suite = suite, State = state, SubmittedAt = DateTimeOffset.UtcNow, Sequence = 1 };
        return Runs[run.RunId] = run;
    }

    /// <summary>
    /// Cuts every open stream; afterwards none of them tells of a change. Each request cuts itself: its context is gone for others once it
    /// ends.
    /// </summary>
    public async Task DropStreams()
    {
        var open = streams.ToList();
        foreach (var (_, drop) in open) drop.TrySetResult();
        await Until.True(() => !open.Exists(stream => streams.ContainsKey(stream.Key)), "the streams are cut");
    }

    public async ValueTask DisposeAsync()
    {
        await DropStreams();
        await app.DisposeAsync();
    }

    private void Map()
    {
        app.Use(async (context, next) =>
        {
            Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
            if (RequiredToken is not null && context.Request.Headers.Authorization != $"Bearer {RequiredToken}")
                await Problem(context, HttpStatusCode.Unauthorized, "No valid token");
            else
                await next();
        });
        app.MapPost("/api/runs", Submit);
        app.MapGet("/api/runs", (string? suite, string? state, string? testId, string? order, int? limit, string? after) =>
            Results.Json(Page(suite, state, testId, order == "newest", limit, after), Web));
        app.MapGet("/api/runs/{id:guid}", (Guid id) => OrNotFound(Details.GetValueOrDefault(id) ?? (Runs.TryGetValue(id, out var run) ? Detail(run) : null)));
        app.MapGet("/api/runs/{id:guid}/output", (Guid id) => OrNotFound(Outputs.GetValueOrDefault(id)));
        app.MapGet("/api/runs/{id:guid}/explanation", (Guid id) => OrNotFound(Runs.TryGetValue(id, out var run)
            ? new RunExplanation { RunId = id, State = run.State, Verdict = "will run, waiting: no free device", Funnel = [new("known", 6), new("with cuda", 3)], Blocker = "gpu-01 device 0", Relaxation = "add one more worker like gpu-01", Hints = ["label 'zome' is on no worker; did you mean 'zone'?"], EtaP50Seconds = 12, EtaP90Seconds = 40 }
            : null));
        app.MapDelete("/api/runs/{id:guid}", (Guid id, string? reason) =>
        {
            Cancelled.Enqueue((id, reason));
            Move(id, RunStates.Cancelled, error: reason);
            return Results.NoContent();
        });
        app.MapGet("/api/suites/{suite}", (string suite) => Results.Json(Suite(suite), Web));
        app.MapDelete("/api/suites/{suite}", (string suite, string? reason) =>
        {
            foreach (var run in Runs.Values.Where(run => run.Suite == suite)) Cancelled.Enqueue((run.RunId, reason));
            return Results.NoContent();
        });
        app.MapPost("/api/workers/{id}/drain", (HttpContext context, string id) =>
            Workers.Any(worker => worker.WorkerId == id) ? Task.CompletedTask : Problem(context, HttpStatusCode.NotFound, $"No worker {id}"));
        app.MapPost("/api/workers/{id}/resume", (HttpContext context, string id) =>
            Workers.Any(worker => worker.WorkerId == id) ? Task.CompletedTask : Problem(context, HttpStatusCode.NotFound, $"No worker {id}"));
        app.MapPost("/api/rebalance", () => Results.Json(new RebalanceAnswer(Moves), Web));
        app.MapGet("/api/workers", () => Results.Json(new WorkerList(Workers), Web));
        app.MapGet("/api/events", Stream);
        FakeSettings.Map(app, Bodies, Web);
    }

    private async Task Submit(HttpContext context)
    {
        var tests = (await context.Request.ReadFromJsonAsync<SubmitTests>(Web, context.RequestAborted))!.Tests;
        if (tests.Count > 1000)
        {
            await Problem(context, HttpStatusCode.BadRequest, "Too many tests");
            return;
        }

        var answers = tests.Select(test =>
        {
            Submitted.Enqueue(test);
            var refusal = Refusal(test);
            if (refusal is null)
            {
                Runs[test.RunId!.Value] = new RunSummary
                {
                    RunId = test.RunId.Value,
                    TestId = test.TestId,
                    Suite = test.Suite,
                    State = RunStates.Submitted,
                    SubmittedAt = DateTimeOffset.UtcNow,
                    Sequence = 1,
                };
                if (StateOf(test) is var state && state != RunStates.Submitted)
                    Move(test.RunId.Value, state, "w1", state == RunStates.Failed ? FailureKinds.TestFailed : null, state == RunStates.Failed ? "exit code 1" : null);
            }

            return new SubmitAnswer
            {
                RunId = test.RunId!.Value,
                TestId = test.TestId,
                Status = refusal is null ? "accepted" : "refused",
                Reason = refusal ?? Impossible(test) ?? "",
                FeasibleWorkers = Impossible(test) is null ? 1 : 0,
            };
        }).ToList();
        await context.Response.WriteAsJsonAsync(new SubmitAnswers(answers), Web, context.RequestAborted);
    }

    private RunPage Page(string? suite, string? state, string? testId, bool newestFirst, int? limit, string? after)
    {
        var from = after is null ? 0 : int.Parse(after, System.Globalization.CultureInfo.InvariantCulture);
        var matching = Runs.Values
            .Where(run => (suite is null || run.Suite == suite) && (state is null || run.State == state) && (testId is null || run.TestId == testId))
            .OrderBy(run => run.SubmittedAt).ThenBy(run => run.RunId).ToList();
        if (newestFirst) matching.Reverse();
        var page = matching.Skip(from).Take(limit ?? 50).ToList();
        return new RunPage { Runs = page, Next = from + page.Count < matching.Count ? $"{from + page.Count}" : null };
    }

    private SuiteView Suite(string suite)
    {
        var runs = Runs.Values.Where(run => run.Suite == suite).ToList();
        return new SuiteView { Suite = suite, Total = runs.Count, States = runs.CountBy(run => run.State).ToDictionary(), Ended = runs.All(run => RunStates.IsTerminal(run.State)) };
    }

    private static RunDetail Detail(RunSummary run) => new()
    {
        RunId = run.RunId,
        TestId = run.TestId,
        Suite = run.Suite,
        State = run.State,
        Attempt = run.Attempt,
        WorkerId = run.WorkerId,
        FailureKind = run.FailureKind,
        Error = run.Error,
        Reason = run.Reason,
        SubmittedAt = run.SubmittedAt,
        Sequence = run.Sequence,
        Submission = new SubmitTest { TestId = run.TestId },
    };

    private static IResult OrNotFound<T>(T? value) where T : class =>
        value is null ? Results.Problem(statusCode: 404, title: "Not found") : Results.Json(value, Web);

    private static Task Problem(HttpContext context, HttpStatusCode status, string detail)
    {
        context.Response.StatusCode = (int)status;
        return context.Response.WriteAsJsonAsync(new { title = "Refused", detail }, context.RequestAborted);
    }

    private async Task Stream(HttpContext context)
    {
        var id = Guid.NewGuid();
        var lastId = context.Request.Headers["Last-Event-ID"].ToString();
        if (lastId.Length > 0) ResumedAfter.Enqueue(lastId);
        int next;
        lock (changing) next = lastId.Length > 0 ? int.Parse(lastId, System.Globalization.CultureInfo.InvariantCulture) : changes.Count;
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync(context.RequestAborted);
        var drop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        streams[id] = drop;
        try
        {
            while (true)
            {
                Task waiting;
                List<TestRunChange> news;
                lock (changing) (waiting, news) = (changed.Task, changes.Skip(next).ToList());
                foreach (var change in news)
                {
                    next++;
                    if (StreamsChanges)
                        await context.Response.WriteAsync($"id: {next}\nevent: change\ndata: {JsonSerializer.Serialize(change, Web)}\n\n", context.RequestAborted);
                }

                if (await Task.WhenAny(waiting, drop.Task).WaitAsync(context.RequestAborted) == waiting) continue;

                context.Abort();
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // The reader went away or the test dropped it.
        }
        finally
        {
            streams.TryRemove(id, out _);
        }
    }
}
