using System.Collections.Concurrent;
using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Scheduler.Tests;

/// <summary>The saga with its real repository on SQLite, and the words to tell it what happens.</summary>
internal sealed class SagaFixture : IAsyncDisposable
{
    public static readonly Guid Session = new("11111111-1111-1111-1111-111111111111");
    public const string Worker = "w1";

    private readonly string file = Path.Combine(Path.GetTempPath(), $"lb-saga-{Guid.NewGuid():N}.db");
    private readonly ServiceProvider services;

    private SagaFixture(SchedulerOptions options)
    {
        var database = new DatabaseOptions { ConnectionString = $"Data Source={file}" };
        services = new ServiceCollection()
            .AddLogging(logging => logging.AddProvider(Log))
            .AddSingleton<TimeProvider>(Time)
            .AddSingleton(Options.Create(options))
            .AddSingleton(Options.Create(database))
            .AddDbContext<SchedulerDbContext>(builder =>
            {
                SchedulerDbContext.Use(builder, database);
                builder.AddInterceptors(Answers);
            })
            .AddSingleton<EmbeddedDatabaseGate>()
            .AddSingleton<RunCommits>()
            .AddSingleton(provider => Outcomes.In(provider.GetRequiredService<IServiceScopeFactory>()))
            .AddSingleton<TestRunEvents>()
            .AddSingleton<WorkerBindings>()
            .AddSingleton<HeartbeatPulse>()
            .AddSingleton<SchedulerEpoch>()
            .AddSingleton<WorkerFleet>()
            .AddSingleton<DurationModel>()
            .AddSingleton(provider => new Planner(new PolicySet(), provider.GetRequiredService<DurationModel>(), new Random(1)))
            .AddSingleton<Rebalancer>()
            .AddSingleton<Dispatcher>()
            .AddMediator(mediator => mediator.AddSagaStateMachine<TestRunStateMachine, TestRun>().RunRepository())
            .BuildServiceProvider();
        services.GetRequiredService<RunCommits>().Listen(Commits.Enqueue);
        // It listens from its making on.
        _ = Get<Dispatcher>();
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public ErrorLog Log { get; } = new();

    public LostAnswers Answers { get; } = new();

    public ConcurrentQueue<RunsCommitted> Commits { get; } = [];

    public Guid RunId { get; } = Guid.NewGuid();

    public AttemptOwner Owner(int attempt = 1) => new(attempt, Worker, Session);

    public static async Task<SagaFixture> StartAsync(SchedulerOptions? options = null)
    {
        var fixture = new SagaFixture(options ?? new SchedulerOptions());
        await fixture.ReadAsync(database => database.Database.EnsureCreatedAsync());
        return fixture;
    }

    public T Get<T>() where T : notnull => services.GetRequiredService<T>();

    public Task<RunReply> RaiseAsync<T>(T happened) where T : RunEvent =>
        services.GetRequiredService<TestRunEvents>().RaiseAsync(happened, TestContext.Current.CancellationToken);

    public Task<RunReply> SubmitAsync(Func<SubmitTest, SubmitTest>? change = null) =>
        RaiseAsync(new RunSubmitted(RunId, (change ?? (test => test))(new SubmitTest { RunId = RunId, TestId = "a-test", Submitter = "ci" })));

    public Task<RunReply> PlaceAsync(int attempt = 1, string worker = Worker, AttemptId? startsAfter = null) => RaiseAsync(new RunPlaced(RunId, Session, "class-a", new Decision
    {
        RunId = RunId,
        Attempt = attempt,
        WorkerId = worker,
        Policy = "adaptive",
        Reason = "ends first there",
        Reservation = new Reservation
        {
            RunId = RunId,
            Attempt = attempt,
            WorkerId = worker,
            MemoryGb = 1,
            CpuCores = 1,
            Devices = [new DeviceShare("cuda", "0", 0.5, 8)],
            Keys = ["k"],
        },
        Score = new Dictionary<string, double> { ["run"] = 3 },
        Alternatives = [new Alternative("w2", 5, "slower")],
        Refusals = new Dictionary<string, int> { ["backend"] = 2 },
        StartsAfter = startsAfter,
    }));

    public Task<RunReply> StartRunAsync(int attempt = 1) => RaiseAsync(new AttemptStarted(RunId, Owner(attempt)));

    public Task<RunReply> FinishAsync(TestOutcome outcome = TestOutcome.Passed, int attempt = 1, AttemptOwner? owner = null) =>
        RaiseAsync(new AttemptFinished(RunId, owner ?? Owner(attempt), new TestFinished
        {
            RunId = RunId,
            Attempt = attempt,
            Outcome = outcome,
            DurationSeconds = 2,
            ExitCode = outcome == TestOutcome.Passed ? 0 : 1,
            OutputHead = "out\0put",
        }));

    public Task<RunReply> LoseWorkerAsync(int attempt = 1) => RaiseAsync(new WorkerLost(RunId, Owner(attempt), "worker w1 was lost"));

    /// <summary>Brings the run into a state by events alone.</summary>
    public async Task ReachAsync(string state)
    {
        await SubmitAsync();
        switch (state)
        {
            case RunStates.Assigned:
                await PlaceAsync();
                break;
            case RunStates.Running:
                await PlaceAsync();
                await StartRunAsync();
                break;
            case RunStates.Requeued:
                await PlaceAsync();
                await LoseWorkerAsync();
                break;
            case RunStates.Completed:
                await PlaceAsync();
                await FinishAsync();
                break;
            case RunStates.Failed:
                await PlaceAsync();
                await FinishAsync(TestOutcome.Failed);
                break;
            case RunStates.Cancelled:
                await RaiseAsync(new CancelRequested(RunId, "not needed"));
                break;
        }

        Assert.Equal(state, (await RunAsync()).CurrentState);
    }

    public Task<TestRun> RunAsync() => ReadAsync(database => database.Runs.AsNoTracking().SingleAsync(run => run.CorrelationId == RunId));

    public async Task<T> ReadAsync<T>(Func<SchedulerDbContext, Task<T>> read)
    {
        await using var scope = services.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<SchedulerDbContext>());
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        File.Delete(file);
    }
}
