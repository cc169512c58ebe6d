using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Persistence;

/// <summary>SQLite has one writer at a time and lets the others poll; here they queue instead. PostgreSQL needs no gate.</summary>
internal sealed class EmbeddedDatabaseGate(IOptions<DatabaseOptions> options) : IDisposable
{
    private readonly SemaphoreSlim? writer = options.Value.IsSqlite ? new SemaphoreSlim(1, 1) : null;

    public async ValueTask<IDisposable?> EnterAsync(CancellationToken cancellationToken)
    {
        if (writer is null)
            return null;

        await writer.WaitAsync(cancellationToken);
        return new Turn(writer);
    }

    public void Dispose() => writer?.Dispose();

    private sealed class Turn(SemaphoreSlim writer) : IDisposable
    {
        public void Dispose() => writer.Release();
    }
}
