using LoadBalancer.Scheduler.Api;
using LoadBalancer.Scheduler.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LoadBalancer.Scheduler.Leadership;

/// <summary>
/// One scheduler leads, the others stand by. The lease is a row that the leader renews, timed on the clock of the database; a leader whose
/// connection is gone is replaced sooner than one that only falls silent. Nothing depends on the lease being right: every transaction locks
/// the epoch in which its scheduler leads (<see cref="SchedulerEpoch.Lock"/>), so that one that was replaced can store nothing. On SQLite
/// there is one scheduler, and it leads.
/// </summary>
internal sealed partial class LeaderLease(
    SchedulerEpoch epoch, IServiceScopeFactory scopes, IOptions<DatabaseOptions> database, IOptions<ApiOptions> api, TimeProvider time,
    ILogger<LeaderLease> logger)
{
    /// <summary>Precedes the epoch in the name of the leader's connection, where ops and standbys see it.</summary>
    private const string ConnectionPrefix = "scheduler leader ";

    private const string IsGone = $"""
        (leads_at < clock_timestamp() - interval '5 seconds' OR leads_at < clock_timestamp() - interval '2 seconds' AND NOT EXISTS
            (SELECT FROM pg_stat_activity WHERE application_name = '{ConnectionPrefix}' || epoch))
        """;

    /// <summary>
    /// The server holds a lock of a batch while the rest of it is still to come, and to the server that is no idle transaction: without this,
    /// whoever stopped in the middle of sending one would be waited for.
    /// </summary>
    private const string EndItsConnections = $"""
        SELECT pg_terminate_backend(pid) FROM epochs, pg_stat_activity
        WHERE application_name IN (leader, '{ConnectionPrefix}' || epoch) AND usename = current_user AND {IsGone}
        """;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RenewalLimit = TimeSpan.FromSeconds(2);

    /// <summary>On this scheduler's own clock, and before anybody may find that it is gone by its silence.</summary>
    private static readonly TimeSpan DoubtAfter = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    private volatile string leaderUrl = "";
    private volatile bool taken;
    private long renewedAt;

    /// <summary>This scheduler leads, and nobody can have taken over for its silence.</summary>
    public bool Leads => taken && (database.Value.IsSqlite || time.GetElapsedTime(Volatile.Read(ref renewedAt)) < DoubtAfter);

    /// <summary>Why the leadership was not renewed; null when it was.</summary>
    public string? Problem { get; private set; }

    /// <summary>Somebody else leads, or is about to.</summary>
    public bool StandsBy { get; private set; }

    /// <summary>Where the API of the leader is reached; empty while nobody leads.</summary>
    public string LeaderUrl => leaderUrl;

    /// <summary>Waits until this scheduler leads.</summary>
    /// <param name="prepare">What a standby does beforehand, so that it leads the sooner.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task TakeAsync(Func<CancellationToken, Task> prepare, CancellationToken cancellationToken)
    {
        if (database.Value.IsSqlite)
        {
            await epoch.BeginAsync(cancellationToken);
            taken = true;
            return;
        }

        // Seen twice: after an outage of the database the leader itself comes first, since nothing is lost by that.
        var isPrepared = false;
        for (var gone = false; !await TryTakeAsync(gone, cancellationToken); await Task.Delay(Poll, time, cancellationToken))
        {
            gone = await LookAsync(cancellationToken);
            if (!gone && !isPrepared)
                await prepare(cancellationToken);
            isPrepared |= !gone;
        }
    }

    /// <summary>Renews the lease until cancelled, or until somebody else leads.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        if (database.Value.IsSqlite)
            return;

        while (taken)
        {
            try
            {
                await using var connection = new NpgsqlConnection(NamedConnection());
                await connection.OpenAsync(cancellationToken);
                await RenewAsync(connection, cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                Problem = exception.GetBaseException().Message;
                LogNotRenewed(Problem);
                await Task.Delay(Poll, time, cancellationToken);
            }
        }
    }

    /// <summary>Does something while this scheduler leads for certain, and cancels it when that is in doubt.</summary>
    public async Task WhileLeadingAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var doubt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var working = Leads ? work(doubt.Token) : Task.CompletedTask;
        await UntilAsync(leads: false, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await doubt.CancelAsync();
        await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Waits until this scheduler leads for certain, or until that is in doubt.</summary>
    public async Task UntilAsync(bool leads, CancellationToken cancellationToken)
    {
        while (Leads != leads)
            await Task.Delay(Glance, time, cancellationToken);
    }

    /// <summary>A standby need not wait until the lease has ended.</summary>
    public async Task GiveBackAsync(CancellationToken cancellationToken)
    {
        if (!taken || database.Value.IsSqlite)
            return;

        taken = false;
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Epochs
            .Where(row => row.Epoch == epoch.Value)
            .ExecuteUpdateAsync(row => row.SetProperty(e => e.LeadsAt, (DateTimeOffset?)null), cancellationToken);
    }

    private async Task RenewAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var renewal = new NpgsqlCommand("UPDATE epochs SET leads_at = clock_timestamp() WHERE epoch = $1", connection)
        {
            Parameters = { new NpgsqlParameter { Value = epoch.Value } },
        };
        using var timer = new PeriodicTimer(Poll, time);
        do
        {
            var asked = time.GetTimestamp();
            if (await renewal.ExecuteNonQueryAsync(cancellationToken) == 1)
                Renewed(asked);
            else if (taken)
                Lost();
        }
        while (taken && await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <param name="asked">When the database was asked, which is before it noted its own time.</param>
    private void Renewed(long asked)
    {
        Volatile.Write(ref renewedAt, asked);
        Problem = null;
    }

    private void Lost()
    {
        taken = false;
        _ = epoch.Ended();
    }

    /// <summary>Takes a leadership that was given back or never taken, or one whose leader has been found gone before.</summary>
    private async Task<bool> TryTakeAsync(bool gone, CancellationToken cancellationToken)
    {
        var (leader, url, now, asked) = (database.Value.ConnectionName, api.Value.AddressForOthers(), time.GetUtcNow().ToUnixTimeSeconds(), time.GetTimestamp());
        taken = await epoch.TakeAsync(
            async database =>
            {
                await database.Database.ExecuteSqlAsync($"INSERT INTO epochs (id, epoch, leader, url) VALUES (1, 0, '', '') ON CONFLICT DO NOTHING", cancellationToken);
                if (gone)
                    await database.Database.ExecuteSqlRawAsync(EndItsConnections, cancellationToken);
                var taken = await database.Database.SqlQueryRaw<long>(
                    $$"""
                    UPDATE epochs SET epoch = greatest(epoch + 1, {0}), leader = {1}, url = {2}, leads_at = clock_timestamp()
                    WHERE leads_at IS NULL OR {3} AND {{IsGone}} RETURNING epoch AS "Value"
                    """,
                    now, leader, url, gone).ToListAsync(cancellationToken);
                return taken.Count == 0 ? null : taken[0];
            },
            cancellationToken);
        Renewed(asked);
        StandsBy = !taken;
        return taken;
    }

    private async Task<bool> LookAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var seen = await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Database
            .SqlQueryRaw<LeaderSeen>($"SELECT leader, url, coalesce({IsGone}, true) AS gone FROM epochs")
            .SingleAsync(cancellationToken);
        var url = seen.Gone ? "" : seen.Url;
        if (leaderUrl != url && url.Length > 0)
            LogStandingBy(seen.Leader, url);
        leaderUrl = url;
        return seen.Gone;
    }

    private string NamedConnection()
    {
        var named = database.Value.ToConnectionString();
        named.ApplicationName = ConnectionPrefix + epoch.Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        named.Pooling = false;
        (named.Timeout, named.CommandTimeout) = ((int)RenewalLimit.TotalSeconds, (int)RenewalLimit.TotalSeconds);
        return named.ConnectionString;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Standing by: {Leader} leads, at {Url}")]
    private partial void LogStandingBy(string leader, string url);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The leadership could not be renewed: {Problem}")]
    private partial void LogNotRenewed(string problem);

    private sealed record LeaderSeen(string Leader, string Url, bool Gone);
}
