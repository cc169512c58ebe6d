using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Leadership;
using LoadBalancer.Scheduler.Outbox;
using LoadBalancer.Scheduler.TestRuns;
using Npgsql;

namespace LoadBalancer.Scheduler.Persistence.Grouped;

/// <summary>
/// Stores many changed runs and all that follows from them in one transaction and one round trip. The transaction begins by locking the
/// epoch in which this scheduler leads.
/// </summary>
internal sealed class RunBatchWriter
{
    private const string RunId = "run_id";

    private readonly NpgsqlDataSource database;
    private readonly SchedulerEpoch epoch;
    private readonly TableColumns runs;
    private readonly IReadOnlyList<(Type Row, TableColumns Table)> effects;
    private readonly TableColumns outbox;

    public RunBatchWriter(NpgsqlDataSource database, SchedulerEpoch epoch, IServiceScopeFactory scopes)
    {
        (this.database, this.epoch) = (database, epoch);
        using var scope = scopes.CreateScope();
        var model = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Model;
        runs = new TableColumns(model, typeof(TestRun));
        outbox = new TableColumns(model, typeof(OutboxMessage));
        effects = [.. new[] { typeof(DecisionRow), typeof(ReservationRow), typeof(OutcomeRow), typeof(ChangeRow) }.Select(row => (row, new TableColumns(model, row)))];
    }

    /// <summary>Whether the event changed anything that is stored.</summary>
    public bool Differ(TestRun one, TestRun other) => runs.Differ(one, other);

    /// <summary>Stores all entries, or none.</summary>
    /// <returns>What became durable.</returns>
    /// <exception cref="StaleRunsException">Some runs were not stored as they were read.</exception>
    /// <exception cref="NotLeadingException">Another scheduler leads.</exception>
    public async Task<RunsCommitted> StoreAsync(IReadOnlyList<RunWrite> writes)
    {
        var messages = MessagesOf(writes);
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(epoch.Lock());
        AddRuns(batch, writes);
        AddEffects(batch, writes, messages);
        await using (var results = await batch.ExecuteReaderAsync())
        {
            if (!await results.ReadAsync())
                throw epoch.Ended();

            await CheckStoredAsync(results, writes);
            await NumberAsync(results, messages);
            await ReadToEndAsync(results);
        }

        await transaction.CommitAsync();
        return new RunsCommitted([.. writes.Select(write => write.Run)], messages, [.. writes.SelectMany(write => write.Run.Effects.Outcomes)]);
    }

    private static List<OutboxMessage> MessagesOf(IReadOnlyList<RunWrite> writes) =>
    [
        .. writes.SelectMany(write => write.Run.Effects.Messages),
        .. OutboxMessage.Events(writes.SelectMany(write => write.Run.Effects.Announced)),
    ];

    private void AddRuns(NpgsqlBatch batch, IReadOnlyList<RunWrite> writes)
    {
        var (added, changed) = (new List<object>(), new List<object>());
        foreach (var write in writes.Where(write => write.IsChanged))
            (write.IsNew ? added : changed).Add(write.Run);
        if (added.Count > 0)
            batch.BatchCommands.Add(runs.Insert(added, $"ON CONFLICT ({RunId}) DO NOTHING RETURNING {RunId}"));
        if (changed.Count > 0)
            batch.BatchCommands.Add(runs.Update(changed, RunId, "version"));
    }

    private void AddEffects(NpgsqlBatch batch, IReadOnlyList<RunWrite> writes, List<OutboxMessage> messages)
    {
        var released = writes.Where(write => write.Run.Effects.ReleasedAttempt is not null).Select(write => write.Run).ToList();
        if (released.Count > 0)
            batch.BatchCommands.Add(Release(released));
        foreach (var (row, table) in effects)
        {
            var rows = writes.SelectMany(write => write.Run.Effects.Rows).Where(row.IsInstanceOfType).ToList();
            if (rows.Count > 0)
                batch.BatchCommands.Add(table.Insert(rows));
        }

        if (messages.Count > 0)
            batch.BatchCommands.Add(outbox.Insert(messages, "RETURNING id, message_id"));
    }

    /// <summary>
    /// An attempt gives back what it held, and nothing that a later one holds. <c>ANY</c> leads to the index also where the statement was
    /// planned while the table was new: the plan is kept, and a scan of a table of which most rows are dead is slow.
    /// </summary>
    private static NpgsqlBatchCommand Release(List<TestRun> released) =>
        new("""
            DELETE FROM reservations AS held USING unnest($1, $2) AS ended (run_id, attempt)
            WHERE held.run_id = ANY($1) AND held.run_id = ended.run_id AND held.attempt = ended.attempt
            """)
        {
            Parameters =
            {
                new NpgsqlParameter { Value = released.Select(run => run.CorrelationId).ToArray() },
                new NpgsqlParameter { Value = released.Select(run => run.Effects.ReleasedAttempt!.Value).ToArray() },
            },
        };

    private static async Task CheckStoredAsync(NpgsqlDataReader results, IReadOnlyList<RunWrite> writes)
    {
        var missing = writes.Where(write => write.IsChanged).ToDictionary(write => write.Run.CorrelationId);
        for (var commands = missing.Values.Select(write => write.IsNew).Distinct().Count(); commands > 0; commands--)
        {
            await results.NextResultAsync();
            while (await results.ReadAsync())
                missing.Remove(results.GetGuid(0));
        }

        if (missing.Count > 0)
            throw new StaleRunsException([.. missing.Values]);
    }

    /// <summary>The rows are deleted by their numbers once they were sent.</summary>
    private static async Task NumberAsync(NpgsqlDataReader results, List<OutboxMessage> messages)
    {
        if (messages.Count == 0)
            return;

        await results.NextResultAsync();
        var unnumbered = messages.ToDictionary(message => message.MessageId);
        while (await results.ReadAsync())
            unnumbered[results.GetGuid(1)].Id = results.GetInt64(0);
    }

    /// <summary>
    /// A statement that takes too long is told where its result is read, not where the reader is closed. The commit of a transaction in which
    /// one was ended only rolls it back, and tells no error.
    /// </summary>
    private static async Task ReadToEndAsync(NpgsqlDataReader results)
    {
        while (await results.NextResultAsync())
        {
            // Nobody needs what these return.
        }
    }
}

/// <summary>Rows were not as they had been read: reading them again shows what happened in between.</summary>
internal sealed class StaleRunsException(IReadOnlyList<RunWrite> writes) : Exception("runs were changed by somebody else")
{
    public IReadOnlyList<RunWrite> Writes { get; } = writes;
}
