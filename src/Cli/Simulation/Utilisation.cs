namespace LoadBalancer.Cli.Simulation;

/// <summary>How much of what was there was used.</summary>
internal static class Utilisation
{
    /// <returns>
    /// From 0 to 1: seconds in which slots of live workers ran something, by the seconds in which they were there until the last end.
    /// </returns>
    public static double Of(SimulationResult result)
    {
        if (result.Attempts.Count == 0) return 0;

        var lastEnd = result.Attempts.Max(attempt => attempt.End);
        var busy = result.Attempts.Sum(attempt => (Earlier(attempt.End, attempt.Kind.LeavesAt) - attempt.Start).TotalSeconds);
        var there = result.Scenario.Fleet.Sum(kind => kind.Count * kind.Slots * Seconds(Earlier(lastEnd, kind.LeavesAt) - kind.JoinsAt));
        return there > 0 ? busy / there : 0;
    }

    private static TimeSpan Earlier(TimeSpan time, TimeSpan? limit) => limit < time ? limit.Value : time;

    private static double Seconds(TimeSpan time) => Math.Max(time.TotalSeconds, 0);
}
