namespace LoadBalancer.Simulation.Tests.Engine;

/// <summary>All chance of a world, from its seed.</summary>
internal sealed class Chance(int seed)
{
    private readonly Random random = new(seed);

    public bool Of(double probability) => probability > 0 && random.NextDouble() < probability;

    public int Between(int least, int most) => random.Next(least, most + 1);

    public double Between(double least, double most) => least + (random.NextDouble() * (most - least));

    public TimeSpan Seconds(double least, double most) => TimeSpan.FromSeconds(Between(least, most));

    public T One<T>(IReadOnlyList<T> of) => of[random.Next(of.Count)];

    public Guid NewGuid()
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
