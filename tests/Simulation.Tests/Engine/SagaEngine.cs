using System.Collections.Concurrent;
using LoadBalancer.Scheduler;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Simulation.Tests.Engine;

/// <summary>The real state machine and what raises its events, on a store that is exchanged for every world: building it takes long.</summary>
internal sealed class SagaEngine
{
    private static readonly ConcurrentBag<SagaEngine> Idle = [];

    private readonly ServiceProvider services;
    private Store store = new();
    private Action<RunsCommitted> listener = _ => { };

    private SagaEngine()
    {
        services = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.None))
            .AddSingleton<TimeProvider>(Time)
            .AddSingleton(Options.Create(SchedulerOptions))
            .AddTransient(_ => store)
            .AddSingleton<RunCommits>()
            .AddSingleton<FindOutcomes>((runId, attempt) => Task.FromResult<IReadOnlyList<OutcomeRow>>(
                [.. store.Outcomes.Where(outcome => outcome.RunId == runId && outcome.Attempt == attempt && outcome.Accepted)]))
            .AddSingleton<TestRunEvents>()
            .AddMediator(mediator => mediator.AddSagaStateMachine<TestRunStateMachine, TestRun>().Repository(StoreRepository.Register))
            .BuildServiceProvider();
        services.GetRequiredService<RunCommits>().Listen(committed => listener(committed));
    }

    /// <summary>As in production, but that a worker which never returns is forgotten within the length of a simulation.</summary>
    public static SchedulerOptions SchedulerOptions { get; } = new() { ForgetWorkerAfter = TimeSpan.FromMinutes(5) };

    public VirtualTime Time { get; } = new();

    /// <summary>Begins a new world.</summary>
    public void Use(Store newStore)
    {
        Time.Reset();
        store = newStore;
        listener = _ => { };
    }

    /// <summary>Who is told of commits: the process that made them.</summary>
    public void TellCommits(Action<RunsCommitted> newListener) => listener = newListener;

    public RunReply Raise<T>(T happened) where T : RunEvent =>
        services.GetRequiredService<TestRunEvents>().RaiseAsync(happened, CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Lends an engine. They live as long as the process: MassTransit keeps the logging of the first one for all.</summary>
    public static T With<T>(Func<SagaEngine, T> use)
    {
        if (!Idle.TryTake(out var engine))
            engine = new SagaEngine();
        try
        {
            return use(engine);
        }
        finally
        {
            Idle.Add(engine);
        }
    }
}
