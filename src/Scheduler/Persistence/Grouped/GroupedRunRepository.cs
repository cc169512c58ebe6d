using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.Context;
using MassTransit.Middleware;
using MassTransit.Saga;

namespace LoadBalancer.Scheduler.Persistence.Grouped;

/// <summary>
/// Runs one event on a copy of its run, which nobody else changes meanwhile, and commits it together with the events of other runs. It
/// returns when that commit is durable.
/// </summary>
internal sealed class GroupedRunRepository(
    RunCache cache, RunLoads loads, GroupCommit commit, RunBatchWriter writer, ISagaConsumeContextFactory<GroupCommit, TestRun> contexts) :
    ISagaRepositoryContextFactory<TestRun>, ILoadSagaRepositoryContextFactory<TestRun>
{
    public async Task Send<T>(ConsumeContext<T> context, IPipe<SagaRepositoryContext<TestRun, T>> next) where T : class
    {
        var runId = context.Message is RunEvent happened
            ? happened.RunId
            : throw new NotSupportedException($"{typeof(T).Name} is not an event of a run");
        using var turn = await cache.EnterAsync(runId, context.CancellationToken);
        // A submission is taken to be new, which almost all are, until a try to store it has failed: the row of one that is not refuses a second.
        var stored = cache.Find(runId) ?? (context.Message is RunSubmitted { MadeAt: null } ? null : await loads.LoadAsync(runId));
        var repositoryContext = new GroupedRunContext<T>(commit, context, contexts, stored);
        await next.Send(repositoryContext);
        if (WriteOf(repositoryContext.Result, stored) is { } write)
            await commit.CommitAsync(write);
    }

    public Task SendQuery<T>(ConsumeContext<T> context, ISagaQuery<TestRun> query, IPipe<SagaRepositoryQueryContext<TestRun, T>> next)
        where T : class =>
        throw new NotSupportedException("events of a run are correlated by its id, never by a query");

    /// <summary>Reads what is stored, not what is remembered of it.</summary>
    public Task<T> Execute<T>(Func<LoadSagaRepositoryContext<TestRun>, Task<T>> asyncMethod, CancellationToken cancellationToken = default)
        where T : class =>
        asyncMethod(new StoredRun(loads, cancellationToken));

    public void Probe(ProbeContext context) => context.CreateScope("runs");

    /// <summary>
    /// Also for an event that changes nothing: it was judged by what is remembered, and whoever raised it acknowledges it. The lock of the epoch
    /// says that nobody else has led since. Null for a run that is not stored, of which nothing is remembered.
    /// </summary>
    private RunWrite? WriteOf(TestRun? result, TestRun? stored)
    {
        if (result is null)
            return null;

        var changed = stored is null || writer.Differ(stored, result);
        if (changed)
            result.Version++;
        return new RunWrite(result, isNew: stored is null, changed);
    }

    private sealed class StoredRun(RunLoads loads, CancellationToken cancellationToken) :
        BasePipeContext(cancellationToken), LoadSagaRepositoryContext<TestRun>
    {
        public async Task<TestRun> Load(Guid correlationId) => (await loads.LoadAsync(correlationId))!;
    }
}

/// <summary>One event and the run it is about.</summary>
internal sealed class GroupedRunContext<T>(
    GroupCommit commit, ConsumeContext<T> consume, ISagaConsumeContextFactory<GroupCommit, TestRun> contexts, TestRun? stored) :
    ConsumeContextScope<T>(consume, commit), SagaRepositoryContext<TestRun, T>
    where T : class
{
    private readonly ConsumeContext<T> consumed = consume;

    /// <summary>What the event made of the run; null when it was not handed to it.</summary>
    public TestRun? Result { get; private set; }

    public Task<SagaConsumeContext<TestRun, T>> Add(TestRun instance) =>
        contexts.CreateSagaConsumeContext(commit, consumed, instance, SagaConsumeContextMode.Add);

    public Task<SagaConsumeContext<TestRun, T>> Insert(TestRun instance) =>
        throw new NotSupportedException("a run is added by the event that creates it");

    public async Task<SagaConsumeContext<TestRun, T>> Load(Guid correlationId) =>
        stored is null ? null! : await contexts.CreateSagaConsumeContext(commit, consumed, stored.Copy(), SagaConsumeContextMode.Load);

    public Task Save(SagaConsumeContext<TestRun> context) => Update(context);

    public Task Update(SagaConsumeContext<TestRun> context)
    {
        Result = context.Saga;
        return Task.CompletedTask;
    }

    public Task Delete(SagaConsumeContext<TestRun> context) => throw new NotSupportedException("ended runs are kept until their retention ends");

    public Task Discard(SagaConsumeContext<TestRun> context) => Task.CompletedTask;

    public Task Undo(SagaConsumeContext<TestRun> context) => Task.CompletedTask;

    public Task<SagaConsumeContext<TestRun, TOther>> CreateSagaConsumeContext<TOther>(
        ConsumeContext<TOther> consumeContext, TestRun instance, SagaConsumeContextMode mode) where TOther : class =>
        contexts.CreateSagaConsumeContext(commit, consumeContext, instance, mode);
}

internal static class GroupedRunRepositoryRegistration
{
    public static ISagaRegistrationConfigurator<TestRun> GroupedRunRepository(this ISagaRegistrationConfigurator<TestRun> saga) =>
        saga.Repository(services =>
        {
            services.RegisterLoadSagaRepository<TestRun, GroupedRunRepository>();
            services.RegisterSagaRepository<TestRun, GroupCommit, SagaConsumeContextFactory<GroupCommit, TestRun>, GroupedRunRepository>();
        });

    public static void AddGroupCommit(this IServiceCollection services)
    {
        services.AddSingleton<RunCache>();
        services.AddSingleton<RunLoads>();
        services.AddSingleton<RunBatchWriter>();
        services.AddSingleton(provider => new GroupCommit(
            provider.GetRequiredService<RunBatchWriter>().StoreAsync,
            provider.GetRequiredService<RunCache>(),
            provider.GetRequiredService<RunCommits>(),
            provider.GetRequiredService<ILogger<GroupCommit>>()));
    }
}
