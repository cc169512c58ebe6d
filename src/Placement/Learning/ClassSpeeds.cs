namespace LoadBalancer.Placement;

/// <summary>
/// How much longer runs take on one class of workers than elsewhere, in logarithms, learned from tests that ran on several classes. Some
/// models gain from a device what others do not, so a model's own factor is believed where there is one, else its family's, else the class's.
/// </summary>
internal sealed class ClassSpeeds(int capacity)
{
    /// <summary>How many comparisons "as fast as any other" is worth against the first ones seen.</summary>
    private const double Doubt = 1;

    private readonly BoundedMemory<LogMean> factors = new(capacity);

    public double On(string workerClass, string model, string family)
    {
        var slowness = factors[Key(workerClass, "", "")].ShrunkTo(0, Doubt);
        if (family.Length > 0)
            slowness = factors[Key(workerClass, "f", family)].ShrunkTo(slowness, Doubt);
        return model.Length > 0 ? factors[Key(workerClass, "m", model)].ShrunkTo(slowness, Doubt) : slowness;
    }

    /// <param name="workerClass">Where it ran.</param>
    /// <param name="model">The test's model, or empty.</param>
    /// <param name="family">Its family, or empty.</param>
    /// <param name="factor">The logarithm of how many times as long it took as elsewhere, each elsewhere made comparable.</param>
    public void Learn(string workerClass, string model, string family, double factor)
    {
        Change(Key(workerClass, "", ""), factor);
        if (family.Length > 0)
            Change(Key(workerClass, "f", family), factor);
        if (model.Length > 0)
            Change(Key(workerClass, "m", model), factor);
    }

    private void Change(string key, double factor) => factors.Change(key, known => known.After(factor));

    // A class may hold any character but this one cannot be part of a stored text.
    private static string Key(string workerClass, string level, string name) => $"{workerClass}\0{level}\0{name}";
}
