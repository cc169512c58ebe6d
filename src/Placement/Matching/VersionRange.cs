using System.Diagnostics.CodeAnalysis;

namespace LoadBalancer.Placement;

public sealed record VersionRange
{
    public static bool TryParse(string text, [NotNullWhen(true)] out VersionRange? range, out string error) => throw new NotImplementedException();
}
