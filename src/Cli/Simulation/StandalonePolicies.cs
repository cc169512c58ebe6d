using LoadBalancer.Placement;

namespace LoadBalancer.Cli.Simulation;

/// <summary>The policies that a name alone selects; a composite is nothing without its members.</summary>
internal static class StandalonePolicies
{
    private const string Composite = "composite";

    /// <summary>In alphabetical order.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. new PolicySet().Names.Where(name => name != Composite)];
}
