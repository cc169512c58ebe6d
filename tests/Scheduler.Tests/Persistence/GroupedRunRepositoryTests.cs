using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.Persistence.Grouped;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Tests.Persistence;

/// <summary>Events of runs that are remembered, and what of them reaches the writer.</summary>
public sealed class GroupedRunRepositoryTests
{
    private static readonly AttemptOwner Owner = new(1, "w1", SagaFixture.Session);

    [Fact]
    public async Task An_event_that_changes_nothing_is_not_answered_by_a_scheduler_that_no_longer_leads()
    {
        await using var saga = new Grouped(_ => throw new NotLeadingException(1));
        var run = saga.Remember(RunStates.Running);

        await Assert.ThrowsAsync<NotLeadingException>(() => saga.RaiseAsync(new AttemptStarted(run, Owner)));
        await Assert.ThrowsAsync<NotLeadingException>(() => saga.RaiseAsync(new CancelRequested(saga.Remember(RunStates.Completed), "not needed")));
    }

    [Fact]
    public async Task An_event_that_changes_nothing_is_answered_after_the_leader_has_locked_its_epoch_without_a_write()
    {
        var batches = new List<IReadOnlyList<RunWrite>>();
        await using var saga = new Grouped(batches.Add);
        var run = saga.Remember(RunStates.Running);

        await saga.RaiseAsync(new AttemptStarted(run, Owner));

        var write = Assert.Single(Assert.Single(batches));
        Assert.Equal((run, false, 7), (write.Run.CorrelationId, write.IsChanged, write.Run.Version));
        Assert.Empty(write.Run.Effects.Rows);
    }

    /// <summary>The saga as it commits in groups, on a writer that only looks.</summary>
    private sealed class Grouped : IAsyncDisposable
    {
        private readonly ServiceProvider services;

        public Grouped(Action<IReadOnlyList<RunWrite>> store)
        {
            var database = new DatabaseOptions { ConnectionString = "Host=127.0.0.1;Database=nowhere" };
            services = new ServiceCollection()
                .AddLogging()
                .AddSingleton(TimeProvider.System)
                .AddSingleton(Options.Create(new SchedulerOptions()))
                .AddSingleton(database.ToDataSource())
                .AddDbContext<SchedulerDbContext>(builder => SchedulerDbContext.Use(builder, database))
                .AddSingleton<SchedulerEpoch>()
                .AddSingleton<RunCommits>()
                .AddSingleton<FindOutcomes>((_, _) => Task.FromResult<IReadOnlyList<OutcomeRow>>([]))
                .AddSingleton<TestRunEvents>()
                .AddSingleton<RunCache>()
                .AddSingleton<RunLoads>()
                .AddSingleton<RunBatchWriter>()
                .AddSingleton(provider => new GroupCommit(
                    batch =>
                    {
                        store(batch);
                        return Task.FromResult(new RunsCommitted([.. batch.Select(write => write.Run)], [], []));
                    },
                    provider.GetRequiredService<RunCache>(),
                    provider.GetRequiredService<RunCommits>(),
                    NullLogger<GroupCommit>.Instance))
                .AddMediator(mediator => mediator.AddSagaStateMachine<TestRunStateMachine, TestRun>().GroupedRunRepository())
                .BuildServiceProvider();
        }

        /// <summary>A run as an earlier commit left it in memory.</summary>
        public Guid Remember(string state)
        {
            var run = new TestRun
            {
                CorrelationId = Guid.NewGuid(),
                CurrentState = state,
                Version = 7,
                Attempt = Owner.Attempt,
                WorkerId = Owner.WorkerId,
                SessionId = Owner.SessionId,
            };
            services.GetRequiredService<RunCache>().Keep(run);
            return run.CorrelationId;
        }

        public Task<RunReply> RaiseAsync<T>(T happened) where T : RunEvent =>
            services.GetRequiredService<TestRunEvents>().RaiseAsync(happened, TestContext.Current.CancellationToken);

        public ValueTask DisposeAsync() => services.DisposeAsync();
    }
}
