using System.Data;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.Context;
using MassTransit.Middleware;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Persistence;

/// <summary>
/// Runs one event in one transaction: loads the run under a row lock, lets the machine change it, and stores the run, its effects and
/// its outgoing messages together. What follows the commit is told to <see cref="RunCommits"/>.
/// </summary>
internal sealed class RunRepository(
    SchedulerDbContext database,
    ISagaConsumeContextFactory<SchedulerDbContext, TestRun> contexts,
    RunCommits commits,
    EmbeddedDatabaseGate gate) :
    ISagaRepositoryContextFactory<TestRun>, IQuerySagaRepositoryContextFactory<TestRun>, ILoadSagaRepositoryContextFactory<TestRun>
{
    public async Task Send<T>(ConsumeContext<T> context, IPipe<SagaRepositoryContext<TestRun, T>> next) where T : class
    {
        RunsCommitted? committed;
        using (await gate.EnterAsync(context.CancellationToken))
        {
            await using var transaction = await database.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, context.CancellationToken);
            var repositoryContext = new RunRepositoryContext<T>(database, context, contexts);
            await next.Send(repositoryContext);
            await transaction.CommitAsync(context.CancellationToken);
            committed = repositoryContext.Stored;
        }

        if (committed is not null)
            commits.Publish(committed);
    }

    public Task SendQuery<T>(ConsumeContext<T> context, ISagaQuery<TestRun> query, IPipe<SagaRepositoryQueryContext<TestRun, T>> next)
        where T : class =>
        throw new NotSupportedException("events of a run are correlated by its id, never by a query");

    public Task<T> Execute<T>(Func<QuerySagaRepositoryContext<TestRun>, Task<T>> asyncMethod, CancellationToken cancellationToken = default)
        where T : class =>
        asyncMethod(new RunReadContext(database, cancellationToken));

    public Task<T> Execute<T>(Func<LoadSagaRepositoryContext<TestRun>, Task<T>> asyncMethod, CancellationToken cancellationToken = default)
        where T : class =>
        asyncMethod(new RunReadContext(database, cancellationToken));

    public void Probe(ProbeContext context) => context.CreateScope("runs");
}

/// <summary>One event and the run it is about.</summary>
internal sealed class RunRepositoryContext<T>(
    SchedulerDbContext database, ConsumeContext<T> consume, ISagaConsumeContextFactory<SchedulerDbContext, TestRun> contexts) :
    ConsumeContextScope<T>(consume, database), SagaRepositoryContext<TestRun, T>
    where T : class
{
    private readonly ConsumeContext<T> consumed = consume;

    /// <summary>What the commit makes known; null when the event found no run.</summary>
    public RunsCommitted? Stored { get; private set; }

    public Task<SagaConsumeContext<TestRun, T>> Add(TestRun instance) =>
        contexts.CreateSagaConsumeContext(database, consumed, instance, SagaConsumeContextMode.Add);

    public Task<SagaConsumeContext<TestRun, T>> Insert(TestRun instance) =>
        throw new NotSupportedException("a run is added by the event that creates it");

    public async Task<SagaConsumeContext<TestRun, T>> Load(Guid correlationId)
    {
        var run = await Locked(correlationId).SingleOrDefaultAsync(CancellationToken);
        return run is null ? null! : await contexts.CreateSagaConsumeContext(database, consumed, run, SagaConsumeContextMode.Load);
    }

    /// <summary>Called for a new run.</summary>
    public Task Save(SagaConsumeContext<TestRun> context)
    {
        database.Runs.Add(context.Saga);
        return Store(context.Saga);
    }

    public Task Update(SagaConsumeContext<TestRun> context) => Store(context.Saga);

    public Task Delete(SagaConsumeContext<TestRun> context) => throw new NotSupportedException("ended runs are kept until their retention ends");

    public Task Discard(SagaConsumeContext<TestRun> context) => Task.CompletedTask;

    public Task Undo(SagaConsumeContext<TestRun> context) => Task.CompletedTask;

    public Task<SagaConsumeContext<TestRun, TOther>> CreateSagaConsumeContext<TOther>(
        ConsumeContext<TOther> consumeContext, TestRun instance, SagaConsumeContextMode mode) where TOther : class =>
        contexts.CreateSagaConsumeContext(database, consumeContext, instance, mode);

    private IQueryable<TestRun> Locked(Guid runId) =>
        database.Database.IsNpgsql()
            ? database.Runs.FromSql($"SELECT * FROM runs WHERE run_id = {runId} FOR UPDATE")
            : database.Runs.Where(run => run.CorrelationId == runId);

    private async Task Store(TestRun run)
    {
        // An event that left the run as it was still may leave evidence behind.
        var changed = database.Entry(run).State is EntityState.Added or EntityState.Modified;
        if (!changed && run.Effects.Rows.Count == 0)
        {
            // Told all the same: whoever raised the event may take the run for something else.
            Stored = new RunsCommitted([run], [], []);
            return;
        }

        if (changed)
            run.Version++;
        var announcements = OutboxMessage.Events(run.Effects.Announced).ToList();
        database.AddRange(run.Effects.Rows);
        database.AddRange(announcements);
        if (run.Effects.ReleasedAttempt is { } attempt)
            await database.Reservations.Where(r => r.RunId == run.CorrelationId && r.Attempt == attempt).ExecuteDeleteAsync(CancellationToken);
        await database.SaveChangesAsync(CancellationToken);
        Stored = new RunsCommitted([run], [.. run.Effects.Messages, .. announcements], [.. run.Effects.Outcomes]);
        run.Effects.Clear();
    }
}

/// <summary>Reads for MassTransit's test harness and for queries; the product reads the context directly.</summary>
internal sealed class RunReadContext(SchedulerDbContext database, CancellationToken cancellationToken) :
    BasePipeContext(cancellationToken), QuerySagaRepositoryContext<TestRun>, LoadSagaRepositoryContext<TestRun>
{
    public Task<TestRun> Load(Guid correlationId) =>
        database.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.CorrelationId == correlationId, CancellationToken)!;

    public async Task<SagaRepositoryQueryContext<TestRun>> Query(ISagaQuery<TestRun> query, CancellationToken cancellationToken = default)
    {
        var ids = await database.Runs.AsNoTracking().Where(query.FilterExpression).Select(run => run.CorrelationId).ToListAsync(cancellationToken);
        return new DefaultSagaRepositoryQueryContext<TestRun>(this, ids);
    }
}

internal static class RunRepositoryRegistration
{
    public static ISagaRegistrationConfigurator<TestRun> RunRepository(this ISagaRegistrationConfigurator<TestRun> saga) =>
        saga.Repository(services =>
        {
            services.RegisterLoadSagaRepository<TestRun, RunRepository>();
            services.RegisterQuerySagaRepository<TestRun, RunRepository>();
            services.RegisterSagaRepository<TestRun, SchedulerDbContext, SagaConsumeContextFactory<SchedulerDbContext, TestRun>, RunRepository>();
        });
}
