using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace LoadBalancer.CrashingScheduler;

/// <summary>A commit is the end of a transaction, or a statement that changes rows outside of one.</summary>
internal sealed class CrashAfterCommit(CrashPoint point) : DbCommandInterceptor, IDbTransactionInterceptor
{
    public Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken)
    {
        point.Pass();
        return Task.CompletedTask;
    }

    public override ValueTask<int> NonQueryExecutedAsync(
        DbCommand command, CommandExecutedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        PassIfCommitted(command, eventData);
        return ValueTask.FromResult(result);
    }

    /// <summary>A single change is saved by one command without a transaction, and read back.</summary>
    public override ValueTask<DbDataReader> ReaderExecutedAsync(
        DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        PassIfCommitted(command, eventData);
        return ValueTask.FromResult(result);
    }

    private void PassIfCommitted(DbCommand command, CommandExecutedEventData eventData)
    {
        if (command.Transaction is null &&
            eventData.CommandSource is CommandSource.SaveChanges or CommandSource.ExecuteUpdate or CommandSource.ExecuteDelete)
        {
            point.Pass();
        }
    }
}
