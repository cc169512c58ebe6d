namespace LoadBalancer.Placement;

/// <summary>What is known of one test: its times on each class, and how far they scatter.</summary>
internal sealed class TestHistory
{
    /// <summary>More classes than a fleet has; the one not seen for longest gives way.</summary>
    private const int Classes = 64;

    private readonly BoundedMemory<string, LogMean> byClass = new(Classes);

    public LogSpread Spread { get; private set; }

    public LogMean On(string workerClass) => byClass[workerClass];

    /// <summary>Its level without the classes' differences.</summary>
    /// <param name="slowness">The logarithm by which a class is slower.</param>
    /// <param name="without">A class that is left out.</param>
    public LogMean Level(Func<string, double> slowness, string? without = null)
    {
        var (weight, sum) = (0.0, 0.0);
        foreach (var (workerClass, mean) in byClass.All)
        {
            if (workerClass == without)
                continue;

            weight += mean.Weight;
            sum += mean.Weight * (mean.Mean - slowness(workerClass));
        }

        return new LogMean(weight, weight > 0 ? sum / weight : 0);
    }

    public void Learn(string workerClass, double logarithm) => byClass.Change(workerClass, mean => mean.After(logarithm));

    public void LearnSpread(double square) => Spread = Spread.After(square);
}
