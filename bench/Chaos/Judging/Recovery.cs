namespace LoadBalancer.Chaos.Judging;

/// <summary>
/// How long the system takes to go on once its servers are back: from the moment at which all of them answer to the first start of a test
/// that had never started, provided that a test was waiting which any worker could take. When the next outage comes first, the time
/// until then counts: it was not shorter.
/// </summary>
internal static class Recovery
{
    public static IReadOnlyList<Recovered> Of(Evidence evidence)
    {
        var firstStarts = evidence.Journal.Executions
            .GroupBy(execution => execution.RunId)
            .ToDictionary(run => run.Key, run => run.Min(execution => execution.Start));
        return [.. evidence.Outages
            .Where(outage => !evidence.Outages.Any(other => other.Began <= outage.AnsweredAgain && other.AnsweredAgain > outage.AnsweredAgain))
            .Where(outage => IsWaiting(evidence.Tests, firstStarts, outage.AnsweredAgain))
            .Select(outage => new Recovered(outage, Until(outage, evidence, firstStarts.Values) - outage.AnsweredAgain))];
    }

    private static bool IsWaiting(IReadOnlyList<AskedTest> tests, Dictionary<Guid, double> firstStarts, double at) => tests.Any(test =>
        test.IsPlain && test.ConfirmedAt <= at && !(firstStarts.TryGetValue(test.RunId, out var started) && started <= at));

    private static double Until(Outage outage, Evidence evidence, IEnumerable<double> firstStarts) => firstStarts
        .Concat(evidence.Outages.Select(next => next.Began))
        .Where(at => at > outage.AnsweredAgain)
        .DefaultIfEmpty(evidence.WatchedUntil)
        .Min();
}

/// <summary>How long a test waited after an outage.</summary>
internal sealed record Recovered(Outage After, double Seconds);
