using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace LoadBalancer.CrashingScheduler;

/// <summary>Before the end of a transaction, which the database then takes back, or before a statement that changes rows outside of one.</summary>
internal sealed class CrashBeforeCommit(CrashPoint point) : DbCommandInterceptor, IDbTransactionInterceptor
{
    public ValueTask<InterceptionResult> TransactionCommittingAsync(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken)
    {
        point.Pass();
        return ValueTask.FromResult(result);
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        PassIfItCommits(command, eventData);
        return ValueTask.FromResult(result);
    }

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        PassIfItCommits(command, eventData);
        return ValueTask.FromResult(result);
    }

    private void PassIfItCommits(DbCommand command, CommandEventData eventData)
    {
        if (command.Transaction is null &&
            eventData.CommandSource is CommandSource.SaveChanges or CommandSource.ExecuteUpdate or CommandSource.ExecuteDelete)
        {
            point.Pass();
        }
    }
}
