namespace LoadBalancer.Cli.Simulation;

/// <summary>How evenly submitters are served while they compete. All have the same share.</summary>
internal static class Fairness
{
    /// <returns>Jain's index of the seconds run for each submitter of the trace until then.</returns>
    public static double Of(SimulationResult result, TimeSpan until)
    {
        var work = result.Runs.Select(run => run.Traced.Submitter).Distinct().ToDictionary(submitter => submitter, _ => 0.0);
        foreach (var attempt in result.Attempts.Where(attempt => attempt.Start < until))
            work[attempt.Run.Traced.Submitter] += ((attempt.End < until ? attempt.End : until) - attempt.Start).TotalSeconds;

        var sum = work.Values.Sum();
        return sum > 0 ? sum * sum / (work.Count * work.Values.Sum(seconds => seconds * seconds)) : 1;
    }
}
