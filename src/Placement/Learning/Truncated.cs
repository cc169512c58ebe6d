namespace LoadBalancer.Placement;

/// <summary>A standard normal variable of which only is known that it exceeds a bound.</summary>
internal static class Truncated
{
    /// <summary>Beyond this the ratio below is its own limit, and both of its parts are too small to be divided.</summary>
    private const double Far = 6;

    /// <returns>Its mean, the inverse Mills ratio, and the mean of its square (Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1, 13.10).</returns>
    public static (double Mean, double MeanSquare) Above(double bound)
    {
        var mean = bound > Far ? bound + (1 / bound) : Density(bound) / UpperTail(bound);
        return (mean, 1 + (bound * mean));
    }

    private static double Density(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);

    /// <summary>Abramowitz and Stegun, 26.2.17; wrong by at most 7.5e-8.</summary>
    private static double UpperTail(double x)
    {
        if (x < 0)
            return 1 - UpperTail(-x);

        var t = 1 / (1 + (0.2316419 * x));
        var series = t * (0.319381530 + (t * (-0.356563782 + (t * (1.781477937 + (t * (-1.821255978 + (t * 1.330274429))))))));
        return Density(x) * series;
    }
}
