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
}

/// <summary>The only row of its table.</summary>
internal sealed class EpochRow
{
    public int Id { get; set; }

    public long Epoch { get; set; }
}
