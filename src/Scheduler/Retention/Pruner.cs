using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Retention;

/// <summary>
/// Deletes what ended longer ago than <see cref="SchedulerOptions.Retention"/>, with all that was stored about it. Small transactions with
/// pauses between them, so that no commit of a live run waits long for one. What has not ended is never touched.
/// </summary>
internal sealed partial class Pruner(
    IServiceScopeFactory scopes, EmbeddedDatabaseGate gate, IOptions<SchedulerOptions> options, TimeProvider time, ILogger<Pruner> logger)
{
    private const int AtOnce = 1_000;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await PruneAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogPruneFailed(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Deletes until nothing is due.</summary>
    /// <returns>What was deleted.</returns>
    public async Task<Pruned> PruneAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - options.Value.Retention;
        var pruned = await UntilNoneIsDueAsync(database => RunsAsync(database, before, cancellationToken), batch => batch.Runs, cancellationToken);
        pruned += await UntilNoneIsDueAsync(database => RefusalsAsync(database, before, cancellationToken), batch => batch.Refusals, cancellationToken);
        pruned += await UntilNoneIsDueAsync(database => EvidenceAsync(database, before, cancellationToken), batch => batch.Outcomes, cancellationToken);
        if (pruned != Pruned.Nothing)
            LogPruned(before, pruned.Runs, pruned.Changes, pruned.Decisions, pruned.Outcomes, pruned.Refusals);
        return pruned;
    }

    private async Task<Pruned> UntilNoneIsDueAsync(
        Func<SchedulerDbContext, Task<Pruned>> delete, Func<Pruned, int> count, CancellationToken cancellationToken)
    {
        var pruned = Pruned.Nothing;
        while (true)
        {
            var batch = await InTransactionAsync(delete, cancellationToken);
            pruned += batch;
            if (count(batch) < AtOnce)
                return pruned;

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private async Task<Pruned> InTransactionAsync(Func<SchedulerDbContext, Task<Pruned>> delete, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        using var turn = await gate.EnterAsync(cancellationToken);
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        // What a crash takes back is due again at the next start: nothing to wait for the disk for.
        if (database.Database.IsNpgsql())
            await database.Database.ExecuteSqlRawAsync("SET LOCAL synchronous_commit = off", cancellationToken);
        var batch = await delete(database);
        await transaction.CommitAsync(cancellationToken);
        return batch;
    }

    /// <summary>
    /// The runs first: an event that is changing one of them either commits before, and what it added goes with the rest, or finds no run.
    /// </summary>
    private static async Task<Pruned> RunsAsync(SchedulerDbContext database, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var due = await database.Runs.Where(run => run.EndedAt < before)
            .OrderBy(run => run.EndedAt).Select(run => run.CorrelationId).Take(AtOnce).ToListAsync(cancellationToken);
        if (due.Count == 0)
            return Pruned.Nothing;

        var runs = await database.Runs.Where(run => due.Contains(run.CorrelationId)).ExecuteDeleteAsync(cancellationToken);
        var changes = await database.Changes.Where(change => due.Contains(change.RunId)).ExecuteDeleteAsync(cancellationToken);
        var decisions = await database.Decisions.Where(decision => due.Contains(decision.RunId)).ExecuteDeleteAsync(cancellationToken);
        var outcomes = await database.Outcomes.Where(outcome => due.Contains(outcome.RunId)).ExecuteDeleteAsync(cancellationToken);
        return new Pruned(runs, changes, decisions, outcomes, Refusals: 0);
    }

    /// <summary>Answers to submissions that started no run.</summary>
    private static async Task<Pruned> RefusalsAsync(SchedulerDbContext database, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var due = await database.Changes.Where(change => change.State == RunStates.Refused && change.At < before)
            .OrderBy(change => change.At).Select(change => change.Id).Take(AtOnce).ToListAsync(cancellationToken);
        if (due.Count == 0)
            return Pruned.Nothing;

        var refusals = await database.Changes.Where(change => due.Contains(change.Id)).ExecuteDeleteAsync(cancellationToken);
        return Pruned.Nothing with { Refusals = refusals };
    }

    /// <summary>A late result changes no run, so one that was on its way while its run was deleted is left without it.</summary>
    private static async Task<Pruned> EvidenceAsync(SchedulerDbContext database, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var due = await database.Outcomes.Where(outcome => !outcome.Accepted && outcome.EndedAt < before)
            .Where(outcome => !database.Runs.Any(run => run.CorrelationId == outcome.RunId))
            .OrderBy(outcome => outcome.EndedAt).Select(outcome => outcome.Id).Take(AtOnce).ToListAsync(cancellationToken);
        if (due.Count == 0)
            return Pruned.Nothing;

        var evidence = await database.Outcomes.Where(outcome => due.Contains(outcome.Id)).ExecuteDeleteAsync(cancellationToken);
        return Pruned.Nothing with { Outcomes = evidence };
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Deleted what ended before {Before}: {Runs} runs, {Changes} changes, {Decisions} decisions, {Outcomes} outcomes, {Refusals} refused submissions")]
    private partial void LogPruned(DateTimeOffset before, int runs, int changes, int decisions, int outcomes, int refusals);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What has ended could not be deleted and will be tried again: {Problem}")]
    private partial void LogPruneFailed(string problem);
}

/// <summary>Numbers of deleted rows.</summary>
internal sealed record Pruned(int Runs, int Changes, int Decisions, int Outcomes, int Refusals)
{
    public static Pruned Nothing { get; } = new(0, 0, 0, 0, 0);

    public static Pruned operator +(Pruned one, Pruned other) => new(
        one.Runs + other.Runs,
        one.Changes + other.Changes,
        one.Decisions + other.Decisions,
        one.Outcomes + other.Outcomes,
        one.Refusals + other.Refusals);
}
