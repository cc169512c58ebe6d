namespace LoadBalancer.Placement;

/// <summary>
/// The mean of logarithms, and how many samples it is worth. Run times are skewed: a few take many times as long as most; the mean of the
/// logarithms is the logarithm of the typical time, which one very slow run hardly moves. Older samples lose weight with every new one, so
/// a test that has changed is believed after some dozens of runs.
/// </summary>
internal readonly record struct LogMean(double Weight, double Mean)
{
    /// <summary>What remains of a sample's weight after each later one: fifty samples count at most.</summary>
    private const double Memory = 0.98;

    public LogMean After(double logarithm, double weight = 1)
    {
        var kept = Weight * Memory;
        return new LogMean(kept + weight, ((kept * Mean) + (weight * logarithm)) / (kept + weight));
    }

    /// <summary>After so many samples elsewhere.</summary>
    public LogMean Aged(long samples) => samples <= 0 ? this : this with { Weight = Weight * Math.Pow(Memory, samples) };

    /// <summary>Shrunk towards what is believed without it, as if that were some samples more.</summary>
    /// <param name="prior">What is believed without it.</param>
    /// <param name="worth">How many samples the belief is worth.</param>
    public double ShrunkTo(double prior, double worth) => ((Weight * Mean) + (worth * prior)) / (Weight + worth);
}
