namespace LoadBalancer.Placement;

/// <summary>All versions between two ends; a missing end is open.</summary>
internal sealed record VersionInterval(VersionBound? Lower, VersionBound? Upper)
{
    public static VersionInterval Everything { get; } = new(null, null);

    public bool IsEmpty =>
        Lower is { } lower && Upper is { } upper
        && lower.Version.CompareTo(upper.Version) is var order
        && (order > 0 || (order == 0 && !(lower.Included && upper.Included)));

    /// <summary>
    /// Prereleases are ordered before their release, with one exception: whoever writes <c>&lt;4</c> does not want 4.0-beta either.
    /// </summary>
    public bool Contains(SoftwareVersion version)
    {
        if (Lower is { } lower && version.CompareTo(lower.Version) is var above && (above < 0 || (above == 0 && !lower.Included)))
            return false;

        if (Upper is not { } upper)
            return true;

        return upper.Included
            ? version.CompareTo(upper.Version) <= 0
            : version.CompareTo(upper.Version) < 0 && !version.IsPrereleaseOf(upper.Version);
    }

    public VersionInterval And(VersionInterval other) => new(Narrower(Lower, other.Lower, 1), Narrower(Upper, other.Upper, -1));

    /// <summary>Of two lower ends (direction 1) the higher one, of two upper ends (direction -1) the lower one.</summary>
    private static VersionBound? Narrower(VersionBound? first, VersionBound? second, int direction)
    {
        if (first is not { } left || second is not { } right)
            return first ?? second;

        var order = left.Version.CompareTo(right.Version) * direction;
        return order > 0 || (order == 0 && !left.Included) ? left : right;
    }
}

internal readonly record struct VersionBound(SoftwareVersion Version, bool Included);
