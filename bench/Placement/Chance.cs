namespace LoadBalancer.PlacementBench;

/// <summary>Draws from the distributions of the benches.</summary>
internal static class Chance
{
    /// <summary>Box and Muller.</summary>
    public static double Normal(this Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>A factor around 1 whose logarithm has this standard deviation.</summary>
    public static double Noise(this Random random, double sigma) => Math.Exp(sigma * random.Normal());

    public static double LogUniform(this Random random, double least, double most) =>
        least * Math.Pow(most / least, random.NextDouble());

    public static double Exponential(this Random random, double mean) => -mean * Math.Log(1 - random.NextDouble());
}
