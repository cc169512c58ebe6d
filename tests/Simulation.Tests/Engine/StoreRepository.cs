using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.Context;
using MassTransit.Middleware;
using MassTransit.Saga;

namespace LoadBalancer.Simulation.Tests.Engine;

/// <summary>Runs events of the real state machine against the <see cref="Store"/>, as the product's repository does against a database.</summary>
internal sealed class StoreRepository(Store store, ISagaConsumeContextFactory<Store, TestRun> contexts, RunCommits commits) :
    ISagaRepositoryContextFactory<TestRun>, ILoadSagaRepositoryContextFactory<TestRun>
{
    public async Task Send<T>(ConsumeContext<T> context, IPipe<SagaRepositoryContext<TestRun, T>> next) where T : class
    {
        var repositoryContext = new StoreRepositoryContext<T>(store, context, contexts);
        await next.Send(repositoryContext);
        if (repositoryContext.Changed is { } run && store.Commit(run) is { } committed)
        {
            run.Effects.Clear();
            commits.Publish(committed);
        }
    }

    public Task SendQuery<T>(ConsumeContext<T> context, ISagaQuery<TestRun> query, IPipe<SagaRepositoryQueryContext<TestRun, T>> next) where T : class =>
        throw new NotSupportedException();

    public Task<T> Execute<T>(Func<LoadSagaRepositoryContext<TestRun>, Task<T>> asyncMethod, CancellationToken cancellationToken = default)
        where T : class =>
        asyncMethod(new StoreReadContext(store, cancellationToken));

    public void Probe(ProbeContext context) => context.CreateScope("store");

    public static void Register(ISagaRepositoryRegistrationConfigurator<TestRun> services)
    {
        services.RegisterLoadSagaRepository<TestRun, StoreRepository>();
        services.RegisterSagaRepository<TestRun, Store, SagaConsumeContextFactory<Store, TestRun>, StoreRepository>();
    }
}

internal sealed class StoreReadContext(Store store, CancellationToken cancellationToken) :
    BasePipeContext(cancellationToken), LoadSagaRepositoryContext<TestRun>
{
    public Task<TestRun> Load(Guid correlationId) => Task.FromResult(store.Load(correlationId)!);
}

internal sealed class StoreRepositoryContext<T>(
    Store store, ConsumeContext<T> consume, ISagaConsumeContextFactory<Store, TestRun> contexts) :
    ConsumeContextScope<T>(consume, store), SagaRepositoryContext<TestRun, T>
    where T : class
{
    private readonly ConsumeContext<T> consumed = consume;

    /// <summary>The run, when the event found or made one.</summary>
    public TestRun? Changed { get; private set; }

    public Task<SagaConsumeContext<TestRun, T>> Add(TestRun instance) =>
        contexts.CreateSagaConsumeContext(store, consumed, instance, SagaConsumeContextMode.Add);

    public Task<SagaConsumeContext<TestRun, T>> Insert(TestRun instance) => throw new NotSupportedException();

    public async Task<SagaConsumeContext<TestRun, T>> Load(Guid correlationId) =>
        store.Load(correlationId) is { } run
            ? await contexts.CreateSagaConsumeContext(store, consumed, run, SagaConsumeContextMode.Load)
            : null!;

    public Task Save(SagaConsumeContext<TestRun> context) => Update(context);

    public Task Update(SagaConsumeContext<TestRun> context)
    {
        Changed = context.Saga;
        return Task.CompletedTask;
    }

    public Task Delete(SagaConsumeContext<TestRun> context) => throw new NotSupportedException();

    public Task Discard(SagaConsumeContext<TestRun> context) => Task.CompletedTask;

    public Task Undo(SagaConsumeContext<TestRun> context) => Task.CompletedTask;

    public Task<SagaConsumeContext<TestRun, TOther>> CreateSagaConsumeContext<TOther>(
        ConsumeContext<TOther> consumeContext, TestRun instance, SagaConsumeContextMode mode) where TOther : class =>
        contexts.CreateSagaConsumeContext(store, consumeContext, instance, mode);
}
