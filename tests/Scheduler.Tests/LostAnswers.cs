using System.Data.Common;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace LoadBalancer.Scheduler.Tests;

/// <summary>Cuts the connection after a commit took place and before its answer arrives.</summary>
internal sealed class LostAnswers : DbTransactionInterceptor
{
    private int left;

    public void LoseNext() => Interlocked.Exchange(ref left, 1);

    public override Task TransactionCommittedAsync(
        DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default) =>
        Interlocked.Exchange(ref left, 0) == 1
            ? throw new SocketException((int)SocketError.ConnectionReset)
            : Task.CompletedTask;
}
