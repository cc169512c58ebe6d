using LoadBalancer.Contracts;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Worker.Reporting;

/// <summary>What one session says. Results go to disk before they are said.</summary>
internal sealed class SessionReports(Guid sessionId, Reporter reporter, ResultStore results, ILogger logger)
{
    public void Say(Report report) => reporter.Say(sessionId, report);

    public void Finish(TestFinished finished)
    {
        try
        {
            results.Keep(new StoredResult(sessionId, finished));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is still said, and said again until it is confirmed, while this process lives.
            logger.ResultNotKept(finished.RunId, finished.Attempt, error.Message);
        }

        Say(finished);
    }

    /// <summary>Says the result again if it is still kept.</summary>
    /// <returns>Whether there is one.</returns>
    public bool Repeat(RunAttempt attempt)
    {
        if (results.Find(attempt) is not { } result)
            return false;

        reporter.Say(result.SessionId, result.Finished);
        return true;
    }

    /// <summary>Says everything again that nobody confirmed for a while, whichever session it is of.</summary>
    public void RepeatOverdue(TimeSpan patience)
    {
        foreach (var result in results.TakeOverdue(patience))
            reporter.Say(result.SessionId, result.Finished);
    }

    /// <summary>Results that are not confirmed.</summary>
    public IReadOnlyList<RunAttempt> Unconfirmed => results.Attempts;

    public void Confirm(IEnumerable<RunAttempt> stored) => results.Forget(stored);
}
