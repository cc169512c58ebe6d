namespace LoadBalancer.DispatchLatency;

/// <summary>What was measured of one thing, in milliseconds. A percentile is the smallest sample that so many do not exceed.</summary>
internal sealed record Percentiles(int Samples, double P50, double P95, double Max)
{
    public static Percentiles Of(IReadOnlyCollection<TimeSpan> samples)
    {
        var sorted = samples.Select(sample => sample.TotalMilliseconds).Order().ToArray();
        return new Percentiles(sorted.Length, Rank(sorted, 0.5), Rank(sorted, 0.95), Math.Round(sorted[^1], 2));
    }

    private static double Rank(double[] sorted, double share) => Math.Round(sorted[(int)Math.Ceiling(share * sorted.Length) - 1], 2);
}
