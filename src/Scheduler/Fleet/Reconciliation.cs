using System.Collections.Concurrent;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Fleet;

/// <summary>What follows from the three lists of a heartbeat.</summary>
/// <param name="Strangers">The worker has them and should not: it stops them.</param>
/// <param name="Started">They run, and nobody said so.</param>
/// <param name="Missing">They should run there, and the worker has not had them for a while.</param>
internal sealed record Discrepancies(
    IReadOnlyList<RunAttempt> Strangers, IReadOnlyList<RunAttempt> Started, IReadOnlyList<RunAttempt> Missing);

/// <summary>
/// Compares what a session says it has with what it should have. A running attempt that is on no list is missing for good when it is on none
/// of a heartbeat made after this scheduler's answer to the one that first lacked it: that one may have been made before the attempt arrived,
/// and answers of an earlier scheduler say nothing of when it did.
/// </summary>
internal sealed class Reconciliation
{
    private readonly ConcurrentDictionary<string, Suspicions> suspicions = new(StringComparer.Ordinal);

    /// <param name="heartbeat">Of the worker's valid session.</param>
    /// <param name="assigned">The runs that are assigned to that session.</param>
    /// <param name="epoch">This scheduler's.</param>
    public Discrepancies Compare(WorkerHeartbeat heartbeat, IReadOnlyList<TestRun> assigned, long epoch)
    {
        var own = assigned.ToDictionary(run => new RunAttempt(run.CorrelationId, run.Attempt));
        var has = heartbeat.Held.Concat(heartbeat.Running).Concat(heartbeat.Unconfirmed).ToHashSet();
        var lacking = own.Where(run => run.Value.CurrentState == RunStates.Running && !has.Contains(run.Key)).Select(run => run.Key).ToList();
        return new Discrepancies(
            [.. heartbeat.Held.Concat(heartbeat.Running).Where(attempt => !own.ContainsKey(attempt))],
            [.. heartbeat.Running.Where(attempt => own.GetValueOrDefault(attempt) is { CurrentState: RunStates.Assigned })],
            Of(heartbeat).StillLacking(heartbeat.Sequence, heartbeat.AnsweredEpoch == epoch ? heartbeat.Answered : 0, lacking));
    }

    public void Forget(string workerId) => suspicions.TryRemove(workerId, out _);

    private Suspicions Of(WorkerHeartbeat heartbeat) => suspicions.AddOrUpdate(
        heartbeat.WorkerId,
        _ => new Suspicions(heartbeat.SessionId),
        (_, known) => known.SessionId == heartbeat.SessionId ? known : new Suspicions(heartbeat.SessionId));

    /// <summary>What one session lacked, and in which heartbeat first.</summary>
    private sealed class Suspicions(Guid sessionId)
    {
        private readonly Lock gate = new();
        private Dictionary<RunAttempt, long> lackedSince = [];
        private long newest;

        public Guid SessionId => sessionId;

        public IReadOnlyList<RunAttempt> StillLacking(long sequence, long answered, IReadOnlyList<RunAttempt> lacking)
        {
            lock (gate)
            {
                // Heartbeats are read several at once; an older one says nothing new.
                if (sequence <= newest)
                    return [];

                newest = sequence;
                lackedSince = lacking.ToDictionary(attempt => attempt, attempt => lackedSince.GetValueOrDefault(attempt, sequence));
                return [.. lackedSince.Where(lack => lack.Value <= answered).Select(lack => lack.Key)];
            }
        }
    }
}
