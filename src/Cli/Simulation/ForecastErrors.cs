namespace LoadBalancer.Cli.Simulation;

/// <summary>How good the forecasts were on which decisions rested. Attempts that were lost with their worker say nothing.</summary>
/// <param name="MeanAbsoluteLogError">
/// Over attempts decided after a run of the same test had ended on that class, or history told of one.
/// </param>
/// <param name="Coverage90">Over all attempts with a forecast.</param>
internal sealed record ForecastErrors(double? MeanAbsoluteLogError, double? Coverage90)
{
    /// <summary>A shorter time counts as this much; a logarithm of nothing is none.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    public static ForecastErrors Of(SimulationResult result)
    {
        var judged = result.Attempts
            .Where(attempt => attempt.Outcome is not AttemptOutcome.WorkerLost && attempt.Decision.Predicted is not null)
            .ToList();
        var firstEnds = FirstEnds(result);
        var errors = judged.Where(attempt => firstEnds[PairOf(attempt)] <= attempt.DecidedAt).Select(LogError);
        var covered = judged.Select(attempt => attempt.TrueTime <= attempt.Decision.Predicted!.Value.P90 ? 1.0 : 0);
        return new ForecastErrors(MeanOf(errors), MeanOf(covered));
    }

    /// <summary>When a pair's first run had ended; what history tells of had ended before the start.</summary>
    private static Dictionary<(string TestId, string Class), TimeSpan> FirstEnds(SimulationResult result)
    {
        var ends = new Dictionary<(string, string), TimeSpan>();
        foreach (var lesson in Lessons.Of(result.Scenario.History, result.Scenario.Fleet))
            ends[(lesson.TestId, lesson.WorkerClass)] = TimeSpan.Zero;
        foreach (var attempt in result.Attempts.OrderBy(attempt => attempt.End)) ends.TryAdd(PairOf(attempt), attempt.End);
        return ends;
    }

    private static (string TestId, string Class) PairOf(SimulatedAttempt attempt) => (attempt.Run.Traced.Test.TestId, attempt.Kind.Class);

    private static double LogError(SimulatedAttempt attempt) =>
        Math.Abs(Math.Log(Positive(attempt.Decision.Predicted!.Value.P50) / Positive(attempt.TrueTime)));

    private static double Positive(TimeSpan time) => (time > Shortest ? time : Shortest).TotalSeconds;

    private static double? MeanOf(IEnumerable<double> values) => values.Select(value => (double?)value).Average();
}
