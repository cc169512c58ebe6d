using System.Collections.Concurrent;
using System.Threading.Channels;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Outbox;

/// <summary>
/// Sends what was committed, from memory right after the commit, and deletes the rows that the broker has confirmed. What a crash
/// leaves behind, and what could not be sent, stays a row and is sent by the relay. A message may arrive twice, never not at all.
/// Events wait in a line of their own: a full queue of somebody who follows them must not hold up the assignments.
/// </summary>
internal sealed partial class OutboxSender(
    MessageSender sender,
    TestRunEvents events,
    WorkerBindings bindings,
    IServiceScopeFactory scopes,
    IOptions<SchedulerOptions> options,
    TimeProvider time,
    ILogger<OutboxSender> logger)
{
    private const int AtOnce = 64;
    private const int RelayBatch = 500;
    private static readonly TimeSpan RelayInterval = TimeSpan.FromSeconds(1);

    /// <summary>Between two deletions of what was sent: nobody waits for them, and many rows cost little more than one.</summary>
    private static readonly TimeSpan DeletePause = TimeSpan.FromMilliseconds(100);

    private readonly Channel<Sending> work = Channel.CreateUnbounded<Sending>();
    private readonly Channel<Sending> news = Channel.CreateUnbounded<Sending>();
    private readonly Channel<long> confirmed = Channel.CreateUnbounded<long>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<long, bool> inFlight = new();

    /// <summary>Takes messages whose rows have just become durable.</summary>
    public void Send(IEnumerable<OutboxMessage> messages) => Send(messages, sentBefore: false);

    private void Send(IEnumerable<OutboxMessage> messages, bool sentBefore)
    {
        foreach (var message in messages)
        {
            if (inFlight.TryAdd(message.Id, true))
                (message.Kind == OutboxKind.Event ? news : work).Writer.TryWrite(new Sending(message, sentBefore));
        }
    }

    public Task RunAsync(CancellationToken stoppingToken) => Task.WhenAll(
        SendLoopAsync(work, stoppingToken),
        SendLoopAsync(news, stoppingToken),
        RelayLoopAsync(stoppingToken),
        DeleteLoopAsync(stoppingToken));

    private Task SendLoopAsync(Channel<Sending> line, CancellationToken stoppingToken) =>
        Parallel.ForEachAsync(
            line.Reader.ReadAllAsync(stoppingToken),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stoppingToken },
            async (sending, token) => await DeliverAsync(sending, token));

    private async Task DeliverAsync(Sending sending, CancellationToken cancellationToken)
    {
        var message = sending.Message;
        try
        {
            if (!await IsRoutedAsync(message, cancellationToken))
                await TakeBackAsync(sending, cancellationToken);
            confirmed.Writer.TryWrite(message.Id);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The row is still there: the relay sends it again.
            LogNotSent(message.Kind, message.Address, message.Id, exception.Message);
            inFlight.TryRemove(message.Id, out _);
        }
    }

    private async Task<bool> IsRoutedAsync(OutboxMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await sender.SendAsync(message, cancellationToken);
            return true;
        }
        catch (MessageReturnedException)
        {
            return false;
        }
    }

    /// <summary>An assignment that nobody can receive is not sent again: its run waits for another worker.</summary>
    private async Task TakeBackAsync(Sending sending, CancellationToken cancellationToken)
    {
        var message = sending.Message;
        var assignment = message.Read<RunTest>();
        LogReturned(assignment.RunId, assignment.Attempt, message.Address);
        bindings.Lost(message.Address, assignment.SessionId);
        var owner = new AttemptOwner(assignment.Attempt, message.Address, assignment.SessionId);
        await events.RaiseAsync(new AssignmentReturned(assignment.RunId, owner) { SentBefore = sending.SentBefore }, cancellationToken);
    }

    /// <summary>
    /// What is there at the start was left by a crash, whatever time it bears: it is that of another scheduler's clock. Later only what is old
    /// enough was missed.
    /// </summary>
    private async Task RelayLoopAsync(CancellationToken stoppingToken)
    {
        long? left = null;
        using var timer = new PeriodicTimer(RelayInterval, time);
        do
        {
            try
            {
                left ??= await LastAsync(stoppingToken);
                await RelayOnceAsync(left.Value, time.GetUtcNow() - options.Value.RelayAfter, stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogRelayFailed(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<long> LastAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Outbox.MaxAsync(message => (long?)message.Id, cancellationToken) ?? 0;
    }

    private async Task RelayOnceAsync(long left, DateTimeOffset createdBefore, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var due = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Outbox.AsNoTracking()
            .Where(message => message.Id <= left || message.CreatedAt <= createdBefore);
        foreach (var line in new[] { due.Where(message => message.Kind != OutboxKind.Event), due.Where(message => message.Kind == OutboxKind.Event) })
            Send(await line.OrderBy(message => message.Id).Take(RelayBatch).ToListAsync(cancellationToken), sentBefore: true);
    }

    private async Task DeleteLoopAsync(CancellationToken stoppingToken)
    {
        while (await confirmed.Reader.WaitToReadAsync(stoppingToken))
        {
            var ids = new List<long>();
            while (ids.Count < RelayBatch && confirmed.Reader.TryRead(out var id))
                ids.Add(id);
            try
            {
                await DeleteAsync(ids, stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // Left rows are sent once more by the relay, which whoever receives them tolerates.
                LogRelayFailed(exception.Message);
            }

            ids.ForEach(id => inFlight.TryRemove(id, out _));
            if (ids.Count < RelayBatch)
                await Task.Delay(DeletePause, time, stoppingToken);
        }
    }

    private async Task DeleteAsync(List<long> ids, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        using var turn = await scope.ServiceProvider.GetRequiredService<EmbeddedDatabaseGate>().EnterAsync(cancellationToken);
        var database = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        // A deletion that a crash takes back is one more message that arrives twice: nothing to wait for the disk for.
        if (database.Database.IsNpgsql())
            await database.Database.ExecuteSqlRawAsync("SET LOCAL synchronous_commit = off", cancellationToken);
        await database.Outbox.Where(message => ids.Contains(message.Id)).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Kind} to {Address} (outbox row {Id}) was not confirmed and will be repeated: {Problem}")]
    private partial void LogNotSent(OutboxKind kind, string address, long id, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Attempt {Attempt} of run {RunId} could not be routed to worker {WorkerId}: its queue is not bound")]
    private partial void LogReturned(Guid runId, int attempt, string workerId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The outbox could not be read or cleaned: {Problem}")]
    private partial void LogRelayFailed(string problem);

    /// <param name="Message">The row.</param>
    /// <param name="SentBefore">An earlier copy may have arrived, or arrive yet.</param>
    private sealed record Sending(OutboxMessage Message, bool SentBefore);
}
