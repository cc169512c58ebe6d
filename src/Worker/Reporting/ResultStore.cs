using System.Globalization;
using System.Text.Json;
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
internal sealed class ResultStore(string directory, TimeProvider time, ILogger<ResultStore> logger)
{
    private const int MaxResults = 20_000;

    private readonly Lock gate = new();
    private readonly Dictionary<RunAttempt, Unconfirmed> results = [];

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
        foreach (var file in Directory.EnumerateFiles(directory, "*.json"))
        {
            if (Read(file) is { } result)
                results[result.Attempt] = new Unconfirmed(result, file, SaidAt: null);
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
        var name = string.Create(CultureInfo.InvariantCulture, $"{result.Finished.RunId:N}-{result.Finished.Attempt}.json");
        var file = Path.Combine(directory, name);
        lock (gate)
        {
            results[result.Attempt] = new Unconfirmed(result, file, time.GetTimestamp());
            if (results.Count > MaxResults)
                GiveUpOldest();
        }

        var unfinished = file + ".new";
        File.WriteAllBytes(unfinished, JsonSerializer.SerializeToUtf8Bytes(result));
        File.Move(unfinished, file, overwrite: true);
    }

    /// <summary>The scheduler has them.</summary>
    public void Forget(IEnumerable<RunAttempt> stored)
    {
        lock (gate)
        {
            foreach (var attempt in stored)
            {
                if (results.Remove(attempt, out var result))
                    File.Delete(result.File);
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

    private void GiveUpOldest()
    {
        var oldest = results.Values.MinBy(result => result.SaidAt ?? 0)!;
        results.Remove(oldest.Result.Attempt);
        File.Delete(oldest.File);
        logger.ResultGivenUp(oldest.Result.Finished.RunId, oldest.Result.Finished.Attempt, MaxResults);
    }

    private StoredResult? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<StoredResult>(File.ReadAllBytes(file));
        }
        catch (JsonException error)
        {
            logger.ResultUnreadable(file, error.Message);
            return null;
        }
    }

    private sealed record Unconfirmed(StoredResult Result, string File, long? SaidAt);
}
