namespace LoadBalancer.Placement;

/// <summary>
/// The mean of the logarithms of durations. Run times are skewed: a few take many times as long as most. The mean of the logarithms is
/// the logarithm of the typical time, which one very slow run hardly moves. Without samples there is no mean; one sample is its own.
/// </summary>
internal readonly record struct LogMean(long Samples, double SumOfLogs)
{
    /// <summary>What ends faster counts as this fast: the logarithm of nothing has no value.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    public TimeSpan? Typical => Samples == 0 ? null : TimeSpan.FromSeconds(Math.Exp(SumOfLogs / Samples));

    public LogMean After(TimeSpan duration) =>
        new(Samples + 1, SumOfLogs + Math.Log(Math.Max(duration.TotalSeconds, Shortest.TotalSeconds)));
}
