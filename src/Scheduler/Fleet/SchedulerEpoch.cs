using LoadBalancer.Scheduler.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>Counts the schedulers that have led, so that a worker can tell an answer of an earlier one.</summary>
internal sealed class SchedulerEpoch(IServiceScopeFactory scopes)
{
    public long Value { get; private set; }

    /// <summary>Begins the next epoch, durably.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        var row = await database.Epochs.SingleOrDefaultAsync(cancellationToken);
        if (row is null)
            database.Add(row = new EpochRow { Id = 1 });
        Value = ++row.Epoch;
        await database.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Shows that this scheduler leads and that the database stores.</summary>
    /// <returns>False when a later epoch has begun: somebody else leads.</returns>
    public async Task<bool> RenewAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        using var turn = await scope.ServiceProvider.GetRequiredService<EmbeddedDatabaseGate>().EnterAsync(cancellationToken);
        var epochs = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Epochs.Where(row => row.Epoch == Value);
        return await epochs.ExecuteUpdateAsync(row => row.SetProperty(e => e.RenewedAt, now), cancellationToken) == 1;
    }
}

/// <summary>The only row of its table.</summary>
internal sealed class EpochRow
{
    public int Id { get; set; }

    public long Epoch { get; set; }

    /// <summary>When the scheduler of this epoch last read a heartbeat of its own.</summary>
    public DateTimeOffset? RenewedAt { get; set; }
}
