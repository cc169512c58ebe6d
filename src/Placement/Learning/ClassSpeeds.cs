namespace LoadBalancer.Placement;

/// <summary>
/// How much longer runs take on one class of workers than elsewhere, in logarithms, learned from tests that ran on several classes. Some
/// models gain from a device what others do not, so a model's own factor is believed where there is one, else its family's, else the class's.
/// </summary>
internal sealed class ClassSpeeds(int capacity)
{
    /// <summary>How many comparisons "as fast as any other" is worth against the first ones seen.</summary>
    private const double Doubt = 1;

    private readonly BoundedMemory<Subject, LogMean> factors = new(capacity);

    public double On(string workerClass, string model, string family)
    {
        var slowness = factors[new Subject(workerClass, Level.Class, "")].ShrunkTo(0, Doubt);
        if (family.Length > 0)
            slowness = factors[new Subject(workerClass, Level.Family, family)].ShrunkTo(slowness, Doubt);
        return model.Length > 0 ? factors[new Subject(workerClass, Level.Model, model)].ShrunkTo(slowness, Doubt) : slowness;
    }

    /// <param name="workerClass">Where it ran.</param>
    /// <param name="model">The test's model, or empty.</param>
    /// <param name="family">Its family, or empty.</param>
    /// <param name="factor">The logarithm of how many times as long it took as elsewhere, each elsewhere made comparable.</param>
    /// <param name="weight">What it counts.</param>
    public void Learn(string workerClass, string model, string family, double factor, ComparisonWeight weight)
    {
        Change(new Subject(workerClass, Level.Class, ""), factor, weight.ForOthers);
        if (family.Length > 0)
            Change(new Subject(workerClass, Level.Family, family), factor, weight.ForOthers);
        if (model.Length > 0)
            Change(new Subject(workerClass, Level.Model, model), factor, weight.ForModel);
    }

    private void Change(Subject subject, double factor, double weight) => factors.Change(subject, known => known.After(factor, weight));

    private enum Level
    {
        Class,
        Family,
        Model,
    }

    /// <summary>Of what a factor is known: of a class, for all models, for a family or for one model.</summary>
    private readonly record struct Subject(string WorkerClass, Level Level, string Name);
}

/// <summary>What one comparison of a test's times on two classes counts, in samples.</summary>
/// <param name="ForOthers">
/// For other models: less, the more of the same test is known there. A class is given what suits it, so that its usual tests would make it
/// look faster than it is for the others.
/// </param>
/// <param name="ForModel">For the test's own model.</param>
internal readonly record struct ComparisonWeight(double ForOthers, double ForModel);
