using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.Retention;
using LoadBalancer.Scheduler.TestRuns;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Tests.Retention;

public sealed class PrunerTests
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RunStates.Completed)]
    [InlineData(RunStates.Failed)]
    [InlineData(RunStates.Cancelled)]
    public async Task A_run_is_deleted_with_all_that_was_stored_about_it_when_its_retention_has_ended_and_not_before(string state)
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(state);
        // Late evidence and the answer to a duplicate go with it.
        await saga.FinishAsync();
        await saga.SubmitAsync();

        saga.Time.Advance(Retention);
        Assert.Equal(Pruned.Nothing, await PruneAsync(saga));
        Assert.Equal(state, (await saga.RunAsync()).CurrentState);
        saga.Time.Advance(TimeSpan.FromMilliseconds(1));
        var pruned = await PruneAsync(saga);

        Assert.Equal(1, pruned.Runs);
        Assert.True(pruned.Changes >= 3);
        Assert.Equal((0, 0, 0, 0), await CountsAsync(saga));
    }

    [Theory]
    [InlineData(RunStates.Submitted)]
    [InlineData(RunStates.Assigned)]
    [InlineData(RunStates.Running)]
    [InlineData(RunStates.Requeued)]
    public async Task What_has_not_ended_is_kept_however_old_it_is(string state)
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(state);
        var before = await CountsAsync(saga);

        saga.Time.Advance(Retention * 10);

        Assert.Equal(Pruned.Nothing, await PruneAsync(saga));
        Assert.Equal(before, await CountsAsync(saga));
    }

    [Fact]
    public async Task A_run_id_that_comes_again_after_that_is_new()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Failed);
        saga.Time.Advance(Retention + TimeSpan.FromDays(1));
        await PruneAsync(saga);

        Assert.Equal("no such run", (await saga.FinishAsync()).Reason);
        Assert.True((await saga.SubmitAsync()).Applied);

        var run = await saga.RunAsync();
        Assert.Equal((RunStates.Submitted, 0), (run.CurrentState, run.Attempt));
        await saga.PlaceAsync();
        await saga.FinishAsync();
        Assert.Equal(RunStates.Completed, (await saga.RunAsync()).CurrentState);
    }

    [Fact]
    public async Task Refusals_and_evidence_without_a_run_are_deleted_by_their_own_age()
    {
        await using var saga = await SagaFixture.StartAsync();
        var old = saga.Time.GetUtcNow();
        var young = old + TimeSpan.FromDays(2);
        await StoreAsync(saga, Changes.Refusal(Guid.NewGuid(), null, "unreadable", old), Evidence(old), Changes.Refusal(Guid.NewGuid(), null, "unreadable", young), Evidence(young));

        saga.Time.Advance(Retention + TimeSpan.FromDays(1));

        Assert.Equal(new Pruned(Runs: 0, Changes: 0, Decisions: 0, Outcomes: 1, Refusals: 1), await PruneAsync(saga));
        Assert.Equal((0, 1, 0, 1), await CountsAsync(saga));
    }

    [Fact]
    public async Task Evidence_of_a_run_that_still_lives_is_kept()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Requeued);
        await saga.FinishAsync();
        var before = await CountsAsync(saga);

        saga.Time.Advance(Retention * 2);

        Assert.Equal(Pruned.Nothing, await PruneAsync(saga));
        Assert.Equal(before, await CountsAsync(saga));
    }

    [Fact]
    public async Task More_than_one_batch_is_deleted_at_once_and_only_what_is_due()
    {
        await using var saga = await SagaFixture.StartAsync();
        var now = saga.Time.GetUtcNow();
        await StoreAsync(saga, [.. Enumerable.Range(0, 2_500).Select(i => Ended(now - TimeSpan.FromSeconds(i))), .. Enumerable.Range(1, 10).Select(i => Ended(now + TimeSpan.FromHours(i)))]);
        saga.Time.Advance(Retention + TimeSpan.FromMinutes(1));

        var pruning = PruneAsync(saga);
        while (!pruning.IsCompleted)
        {
            saga.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        Assert.Equal(2_500, (await pruning).Runs);
        Assert.Equal((10, 0, 0, 0), await CountsAsync(saga));
    }

    [Fact]
    public async Task The_loop_prunes_at_once_and_again_and_says_what_it_deleted_but_not_that_it_found_nothing()
    {
        await using var saga = await SagaFixture.StartAsync();
        await saga.ReachAsync(RunStates.Completed);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var log = new Lines();
        saga.Time.Advance(Retention);
        var loop = NewPruner(saga, log).RunAsync(end.Token);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (log.All.Count == 0)
        {
            saga.Time.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(1, limit.Token);
        }

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
        Assert.Contains("1 runs", Assert.Single(log.All), StringComparison.Ordinal);
    }

    private static Pruner NewPruner(SagaFixture saga, ILogger<Pruner>? log = null) => new(
        saga.Get<IServiceScopeFactory>(),
        saga.Get<EmbeddedDatabaseGate>(),
        Options.Create(new SchedulerOptions { Retention = Retention }),
        saga.Time,
        log ?? saga.Get<ILogger<Pruner>>());

    private static Task<Pruned> PruneAsync(SagaFixture saga) => NewPruner(saga).PruneAsync(Token);

    private static Task<int> StoreAsync(SagaFixture saga, params object[] rows) => saga.ReadAsync(database =>
    {
        database.AddRange(rows);
        return database.SaveChangesAsync(Token);
    });

    private static TestRun Ended(DateTimeOffset at) => new()
    {
        CorrelationId = Guid.NewGuid(),
        CurrentState = RunStates.Completed,
        SubmittedAt = at,
        EndedAt = at,
    };

    private static OutcomeRow Evidence(DateTimeOffset at) => new() { RunId = Guid.NewGuid(), Attempt = 1, EndedAt = at };

    private static Task<(int Runs, int Changes, int Decisions, int Outcomes)> CountsAsync(SagaFixture saga) => saga.ReadAsync(async database => (
        await database.Runs.CountAsync(Token),
        await database.Changes.CountAsync(Token),
        await database.Decisions.CountAsync(Token),
        await database.Outcomes.CountAsync(Token)));

    private sealed class Lines : ILogger<Pruner>
    {
        private readonly List<string> lines = [];

        public IReadOnlyList<string> All
        {
            get
            {
                lock (lines)
                    return [.. lines];
            }
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines)
                lines.Add(formatter(state, exception));
        }
    }
}
