using System.Threading.Channels;
using LoadBalancer.Contracts;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Reporting;

/// <summary>
/// Sends what happened, in order, one message at a time, each until the broker took it. What is ready when a message is made travels in it;
/// nothing waits for more to come. A send whose end is unknown is repeated with the same message id.
/// </summary>
internal sealed class Reporter(SendReport send, string workerId, int maxReportsInMessage, TimeProvider time, ILogger<Reporter> logger)
{
    private const int MaxOutputInMessage = 1024 * 1024;

    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // Unbounded, but what enters it is bounded by the attempts that the scheduler hands out.
    private readonly Channel<Entry> ready = Channel.CreateUnbounded<Entry>(new UnboundedChannelOptions { SingleReader = true });

    /// <param name="sessionId">The session it happened in.</param>
    /// <param name="report">What happened.</param>
    /// <param name="sent">Called once the broker took it.</param>
    public void Say(Guid sessionId, Report report, Action? sent = null) => ready.Writer.TryWrite(new Entry(sessionId, report, sent));

    /// <summary>Waits until everything said so far was sent.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ready.Writer.TryWrite(new Entry(Guid.Empty, null, () => flushed.TrySetResult()));
        await flushed.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Sends until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var reader = ready.Reader;
        while (await reader.WaitToReadAsync(cancellationToken))
        {
            var batch = NextBatch(reader);
            var reports = batch.Select(entry => entry.Report).OfType<Report>().ToList();
            var message = new WorkerReport { WorkerId = workerId, SessionId = batch[0].SessionId, Reports = reports };
            if (reports.Count > 0)
                await SendUntilTakenAsync(message, cancellationToken);
            foreach (var entry in batch)
                entry.Sent?.Invoke();
        }
    }

    private List<Entry> NextBatch(ChannelReader<Entry> reader)
    {
        var batch = new List<Entry>();
        var output = 0;
        while (batch.Count < maxReportsInMessage && output < MaxOutputInMessage && reader.TryPeek(out var next))
        {
            // A message speaks for one session.
            if (batch.Count > 0 && next.SessionId != batch[0].SessionId)
                break;

            reader.TryRead(out _);
            batch.Add(next);
            output += next.Report is TestFinished finished ? finished.OutputHead.Length + finished.OutputTail.Length : 0;
        }

        return batch;
    }

    private async Task SendUntilTakenAsync(WorkerReport report, CancellationToken cancellationToken)
    {
        var messageId = Guid.NewGuid();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var sending = send(report, messageId, limit.Token);
            await sending.WaitAsync(SendTimeout, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (sending.IsCompletedSuccessfully)
                return;

            await limit.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            var reason = sending.Exception?.InnerException?.Message ?? $"no confirmation within {SendTimeout}";
            logger.ReportNotTaken(report.Reports.Count, reason);
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private sealed record Entry(Guid SessionId, Report? Report, Action? Sent);
}

/// <summary>Hands a message to the broker; completes when the broker confirmed it.</summary>
internal delegate Task SendReport(WorkerReport report, Guid messageId, CancellationToken cancellationToken);
