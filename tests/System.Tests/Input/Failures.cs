namespace LoadBalancer.System.Tests.Input;

/// <summary>Collects which cases of a table failed, so that one run names them all.</summary>
internal sealed class Failures
{
    private readonly List<string> all = [];

    /// <param name="name">The case.</param>
    /// <param name="problem">Null when it is as it should be.</param>
    public void Add(string name, string? problem)
    {
        if (problem is not null)
        {
            all.Add($"{name}: {problem}");
        }
    }

    public void AssertNone() => Assert.True(all.Count == 0, $"{all.Count} failed:\n{string.Join('\n', all)}");
}
