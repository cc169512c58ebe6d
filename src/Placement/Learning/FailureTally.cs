namespace LoadBalancer.Placement;

/// <summary>
/// Failures of a worker against what was to be expected of the tests it ran. The failures are taken as Poisson around the expected ones times
/// a ratio, and the ratio as a gamma variable around 1: seen failures and expected ones both count as if there had been some more (observed to
/// expected ratios; Clayton and Kaldor, Empirical Bayes estimates of age-standardized relative risks, Biometrics 1987).
/// Older runs lose weight with every new one, so that a worker that was repaired is cleared after some dozens of runs.
/// </summary>
/// <param name="Runs">How many runs it is worth.</param>
/// <param name="Seen">Failures, weighted.</param>
/// <param name="Expected">Failures that were to be expected of those runs, weighted.</param>
internal readonly record struct FailureTally(double Runs, double Seen, double Expected)
{
    /// <summary>What remains of a run's weight after each later one: a hundred runs count at most.</summary>
    private const double Memory = 0.99;

    /// <summary>Failures, as many seen as expected, that "like any other" is worth.</summary>
    private const double Belief = 1;

    /// <summary>The standard normal quantile of 0.99.</summary>
    private const double Normal99 = 2.3263478740408408;

    /// <summary>How many times as often as expected it fails, shrunk towards 1.</summary>
    public double Ratio => (Seen + Belief) / (Expected + Belief);

    /// <summary>
    /// The ratio is above this with a probability of 99 %: the quantile of the gamma distribution by the cube of a normal one (Wilson and
    /// Hilferty, The distribution of chi-square, PNAS 1931).
    /// </summary>
    public double LeastRatio
    {
        get
        {
            var shape = Seen + Belief;
            var root = 1 - (1 / (9 * shape)) - (Normal99 / (3 * Math.Sqrt(shape)));
            return shape * root * root * root / (Expected + Belief);
        }
    }

    /// <summary>Failures per run beyond those expected, from 0 to 1.</summary>
    public double Excess => Runs > 0 ? Math.Clamp((Ratio - 1) * Expected / Runs, 0, 1) : 0;

    /// <summary>What is left of it after so many runs of others.</summary>
    public FailureTally Faded(long runs)
    {
        var left = Math.Pow(Memory, runs);
        return new FailureTally(Runs * left, Seen * left, Expected * left);
    }

    public FailureTally Without(FailureTally part) =>
        new(Math.Max(0, Runs - part.Runs), Math.Max(0, Seen - part.Seen), Math.Max(0, Expected - part.Expected));

    public FailureTally After(bool failed, double expected) => Faded(1).With(failed, expected);

    public FailureTally With(bool failed, double expected) => new(Runs + 1, Seen + (failed ? 1 : 0), Expected + expected);
}
