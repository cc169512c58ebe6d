namespace LoadBalancer.Placement;

/// <summary>
/// How far logarithms lie from what was predicted of them: a mean of squares, shrunk towards what is usual as a scaled inverse chi-squared
/// distribution is. Older samples lose weight as in <see cref="LogMean"/>.
/// </summary>
internal readonly record struct LogSpread(double Weight, double SumOfSquares)
{
    private const double Memory = 0.98;

    public LogSpread After(double square) => new((Weight * Memory) + 1, (SumOfSquares * Memory) + square);

    /// <param name="usual">The variance that is believed without it.</param>
    /// <param name="worth">How many samples the belief is worth.</param>
    public double Variance(double usual, double worth) => (SumOfSquares + (worth * usual)) / (Weight + worth);
}
