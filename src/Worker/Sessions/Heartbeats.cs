using LoadBalancer.Contracts;
using LoadBalancer.Worker.Detection;
using LoadBalancer.Worker.Reporting;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Sessions;

/// <summary>Says at an interval that the session lives and what it holds; the answers renew the lease.</summary>
internal sealed class Heartbeats(
    Guid sessionId, WorkerOptions options, WorkerEndpoints endpoints, AttemptLedger ledger, Lease lease, SessionReports reports,
    TimeProvider time, ILogger logger)
{
    /// <summary>An answer that is later than this many heartbeats renews nothing.</summary>
    private const int MaxUnanswered = 1000;

    /// <summary>Intervals after which a result that no answer named is said again.</summary>
    private const int PatienceIntervals = 3;

    private readonly MachineLoad load = new();
    private readonly Lock gate = new();
    private readonly Dictionary<long, long> sentAt = [];
    private long sequence;
    private (long Epoch, long Sequence) answered;

    /// <summary>Sends until cancelled, the first at once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.HeartbeatInterval, time);
        do
        {
            await BeatAsync(cancellationToken);
            reports.RepeatOverdue(PatienceIntervals * options.HeartbeatInterval);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    public void Answered(HeartbeatAnswered answer)
    {
        lock (gate)
        {
            if ((answer.Epoch, answer.Sequence).CompareTo(answered) > 0)
                answered = (answer.Epoch, answer.Sequence);
            if (sentAt.TryGetValue(answer.Sequence, out var sent))
                lease.Renew(sent, TimeSpan.FromSeconds(answer.LeaseSeconds));
            foreach (var old in sentAt.Keys.Where(number => number <= answer.Sequence).ToList())
                sentAt.Remove(old);
        }

        reports.Confirm(answer.StoredResults);
    }

    /// <summary>Says at once what would wait for the interval.</summary>
    public async Task BeatAsync(CancellationToken cancellationToken)
    {
        var heartbeat = Next();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = endpoints.SendAsync(heartbeat, limit.Token);
        await sending.WaitAsync(options.HeartbeatInterval, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (sending.IsCompletedSuccessfully)
            return;

        // The next one says everything anew.
        await limit.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        logger.HeartbeatNotTaken(heartbeat.Sequence, sending.Exception?.InnerException?.Message ?? "no confirmation in time");
    }

    private WorkerHeartbeat Next()
    {
        // Read first: what this says of an answer must hold for the lists, too.
        (long Epoch, long Sequence) heard;
        lock (gate)
            heard = answered;
        // An attempt moves from held to running to unconfirmed: read in this order, none is missed on its way.
        var held = ledger.Held;
        var running = ledger.Running;
        var number = Interlocked.Increment(ref sequence);
        lock (gate)
        {
            if (sentAt.Count >= MaxUnanswered)
                sentAt.Remove(sentAt.Keys.Min());
            sentAt[number] = time.GetTimestamp();
        }

        return new WorkerHeartbeat
        {
            WorkerId = options.Id,
            SessionId = sessionId,
            Sequence = number,
            Answered = heard.Sequence,
            AnsweredEpoch = heard.Epoch,
            Leaving = ledger.IsClosed,
            Load = load.Measure(),
            Held = held,
            Running = running,
            Unconfirmed = reports.Unconfirmed,
        };
    }
}
