namespace LoadBalancer.Placement;

/// <summary>
/// How long a run will take, as a distribution: its logarithm is spread around that of the median as Student's t, since both are estimated
/// from few samples.
/// </summary>
/// <param name="LogMedian">The natural logarithm of the median in seconds.</param>
/// <param name="LogSpread">The scale of the logarithm; 0.7 means that two times as long or as short is ordinary.</param>
/// <param name="DegreesOfFreedom">How well the scale is known; the tails get lighter with more.</param>
public readonly record struct DurationForecast(double LogMedian, double LogSpread, double DegreesOfFreedom)
{
    /// <summary>The standard normal quantile of 0.9.</summary>
    private const double Normal90 = 1.2815515655446004;

    /// <summary>The logarithm of nothing has no bottom.</summary>
    private const double ShortestSeconds = 0.001;

    /// <summary>As likely as not it has ended by then.</summary>
    public TimeSpan P50 => TimeOf(LogMedian);

    /// <summary>Nine of ten have ended by then.</summary>
    public TimeSpan P90 => TimeOf(LogMedian + (StudentT(Normal90) * LogSpread));

    /// <summary>The log-normal one with this median and nine tenths below that; what was stored of a forecast is no more.</summary>
    public static DurationForecast Between(TimeSpan p50, TimeSpan p90)
    {
        var median = Math.Log(Math.Max(p50.TotalSeconds, ShortestSeconds));
        var late = Math.Log(Math.Max(p90.TotalSeconds, ShortestSeconds));
        return new DurationForecast(median, Math.Max(0, late - median) / Normal90, double.PositiveInfinity);
    }

    /// <summary>Cornish-Fisher expansion of Student's quantile around the normal one; Abramowitz and Stegun, 26.7.5, two terms.</summary>
    private double StudentT(double normal)
    {
        var cubed = normal * normal * normal;
        var first = (cubed + normal) / 4;
        var second = ((5 * cubed * normal * normal) + (16 * cubed) + (3 * normal)) / 96;
        return normal + (first / DegreesOfFreedom) + (second / (DegreesOfFreedom * DegreesOfFreedom));
    }

    /// <summary>The time of which this is the logarithm in seconds.</summary>
    internal static TimeSpan TimeOf(double logarithm) => TimeSpan.FromSeconds(Math.Exp(Math.Min(logarithm, LongestLog)));

    /// <summary>A hundred years: what is predicted to take longer has no other meaning.</summary>
    private static readonly double LongestLog = Math.Log(TimeSpan.FromDays(36_500).TotalSeconds);
}
