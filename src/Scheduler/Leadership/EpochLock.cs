using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace LoadBalancer.Scheduler.Leadership;

/// <summary>Makes every transaction of a leader begin by locking its epoch; one that no longer leads stores nothing.</summary>
internal sealed class EpochLock(SchedulerEpoch epoch) : DbTransactionInterceptor
{
    public override async ValueTask<DbTransaction> TransactionStartedAsync(
        DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default)
    {
        if (epoch.Value != 0 && result is NpgsqlTransaction transaction)
            await epoch.LockAsync(transaction, cancellationToken);
        return result;
    }
}
