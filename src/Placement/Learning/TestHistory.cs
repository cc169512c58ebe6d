namespace LoadBalancer.Placement;

/// <summary>What is known of one test: its times on each class, and how far they scatter.</summary>
internal sealed class TestHistory
{
    /// <summary>More classes than a fleet has; the one not seen for longest gives way.</summary>
    private const int Classes = 64;

    private readonly BoundedMemory<string, (LogMean Mean, long At)> byClass = new(Classes);
    private long outcomes;

    public LogSpread Spread { get; private set; }

    /// <summary>
    /// What is known loses weight with the test's later outcomes on other classes as it does with those on its own: the test may have changed
    /// since, and a class that looked slow once by chance would else never be tried again.
    /// </summary>
    public LogMean On(string workerClass) => Aged(byClass[workerClass]);

    /// <summary>Its level without the classes' differences.</summary>
    /// <param name="slowness">The logarithm by which a class is slower.</param>
    /// <param name="without">A class that is left out.</param>
    public LogMean Level(Func<string, double> slowness, string? without = null)
    {
        var (weight, sum) = (0.0, 0.0);
        foreach (var (workerClass, known) in byClass.All)
        {
            if (workerClass == without)
                continue;

            var mean = Aged(known);
            weight += mean.Weight;
            sum += mean.Weight * (mean.Mean - slowness(workerClass));
        }

        return new LogMean(weight, weight > 0 ? sum / weight : 0);
    }

    public void Learn(string workerClass, double logarithm)
    {
        byClass.Change(workerClass, known => (Aged(known).After(logarithm), outcomes + 1));
        outcomes++;
    }

    public void LearnSpread(double square) => Spread = Spread.After(square);

    private LogMean Aged((LogMean Mean, long At) known) => known.Mean.Aged(outcomes - known.At);
}
