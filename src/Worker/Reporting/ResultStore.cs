using LoadBalancer.Contracts;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Reporting;

/// <summary>A result and the session it belongs to.</summary>
internal sealed record StoredResult(Guid SessionId, TestFinished Finished)
{
    public RunAttempt Attempt => new(Finished.RunId, Finished.Attempt);
}

/// <summary>
/// Results that the scheduler has not named as stored, on disk before they are reported: a worker that dies between the two reports them
/// at its next start. Bounded; the oldest is given up, since only a scheduler that forgot its past leaves so many unconfirmed.
/// </summary>
internal sealed class ResultStore(string directory, TimeProvider time, ILogger<ResultStore> logger) : IDisposable
{
    private const int MaxResults = 20_000;
    private const long MaxOutput = 128 * 1024 * 1024;

    private readonly Lock gate = new();
    private readonly Dictionary<RunAttempt, Unconfirmed> results = [];
    private readonly ResultJournal journal = new(Path.Combine(directory, "results.jsonl"), logger);
    private long output;

    public IReadOnlyList<RunAttempt> Attempts
    {
        get
        {
            lock (gate)
                return [.. results.Keys];
        }
    }

    /// <summary>Reads what an earlier process left.</summary>
    public void Load()
    {
        lock (gate)
        {
            foreach (var result in journal.Read())
                Remember(result, saidAt: null);
            journal.Rewrite(results.Values.Select(kept => kept.Result));
        }
    }

    public StoredResult? Find(RunAttempt attempt)
    {
        lock (gate)
            return results.GetValueOrDefault(attempt)?.Result;
    }

    /// <summary>Keeps a result; when this returns it is on disk.</summary>
    /// <exception cref="IOException">The disk does not take it: it is kept in memory only.</exception>
    public void Keep(StoredResult result)
    {
        lock (gate)
        {
            Remember(result, time.GetTimestamp());
            if (results.Count > MaxResults || output > MaxOutput)
                GiveUpOldest();
            journal.Append(result);
        }
    }

    /// <summary>The scheduler has them.</summary>
    public void Forget(IEnumerable<RunAttempt> stored)
    {
        lock (gate)
        {
            foreach (var attempt in stored)
                Drop(attempt);
            if (!journal.IsWorthRewriting(results.Count))
                return;

            try
            {
                journal.Rewrite(results.Values.Select(kept => kept.Result));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // What stays in it is said once more after a restart, which the scheduler tolerates.
                logger.ResultsNotTidied(error.Message);
            }
        }
    }

    /// <summary>What this process never said, or so long ago that the message may have been lost; each counts as said again.</summary>
    public IReadOnlyList<StoredResult> TakeOverdue(TimeSpan patience)
    {
        lock (gate)
        {
            var overdue = results.Values.Where(result => result.SaidAt is not { } said || time.GetElapsedTime(said) >= patience).ToList();
            foreach (var result in overdue)
                results[result.Result.Attempt] = result with { SaidAt = time.GetTimestamp() };
            return [.. overdue.Select(result => result.Result)];
        }
    }

    public void Dispose() => journal.Dispose();

    private void Remember(StoredResult result, long? saidAt)
    {
        Drop(result.Attempt);
        results[result.Attempt] = new Unconfirmed(result, saidAt);
        output += LengthOf(result);
    }

    private void Drop(RunAttempt attempt)
    {
        if (results.Remove(attempt, out var dropped))
            output -= LengthOf(dropped.Result);
    }

    private void GiveUpOldest()
    {
        var oldest = results.Values.MinBy(result => result.SaidAt ?? 0)!.Result;
        Drop(oldest.Attempt);
        logger.ResultGivenUp(oldest.Finished.RunId, oldest.Finished.Attempt, results.Count);
    }

    private static long LengthOf(StoredResult result) => result.Finished.OutputHead.Length + result.Finished.OutputTail.Length;

    private sealed record Unconfirmed(StoredResult Result, long? SaidAt);
}
