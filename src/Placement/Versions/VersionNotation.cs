using System.Text.RegularExpressions;

namespace LoadBalancer.Placement;

/// <summary>
/// Reads one alternative of a range. What it cannot read is a <see cref="FormatException"/> that says why, as half a sentence.
/// </summary>
internal static partial class VersionNotation
{
    public static VersionInterval Read(string text)
    {
        var trimmed = text.Trim();
        var interval = trimmed is ['[' or '(', ..] ? Brackets(trimmed)
            : Hyphen().Match(trimmed) is { Success: true } hyphen ? Between(hyphen)
            : Comparators(trimmed);

        return interval.IsEmpty ? throw new FormatException($"no version can be in '{trimmed}'") : interval;
    }

    private static VersionInterval Brackets(string text)
    {
        var match = Interval().Match(text);
        if (!match.Success)
            throw new FormatException($"'{text}' is no interval such as [1.2,2.0)");

        var lowerIncluded = match.Groups["open"].Value == "[";
        var upperIncluded = match.Groups["close"].Value == "]";
        if (match.Groups["only"].Success)
        {
            var only = Version(match.Groups["only"].Value);
            return lowerIncluded && upperIncluded
                ? new VersionInterval(new VersionBound(only, true), new VersionBound(only, true))
                : throw new FormatException($"a single version is written [{match.Groups["only"].Value}]");
        }

        return new VersionInterval(End("lower", lowerIncluded), End("upper", upperIncluded));

        VersionBound? End(string group, bool included) =>
            match.Groups[group].Value is { Length: > 0 } version ? new VersionBound(Version(version), included) : null;
    }

    private static VersionInterval Between(Match hyphen) =>
        Compared(">=", hyphen.Groups["from"].Value).And(Compared("<=", hyphen.Groups["to"].Value));

    private static VersionInterval Comparators(string text)
    {
        var interval = VersionInterval.Everything;
        var position = 0;
        while (position < text.Length)
        {
            var match = Comparator().Match(text, position);
            if (!match.Success)
                throw new FormatException($"'{text[position..]}' is not understood");

            interval = interval.And(Compared(match.Groups["operator"].Value, match.Groups["version"].Value));
            position = match.Index + match.Length;
        }

        return interval;
    }

    private static VersionInterval Compared(string comparison, string version)
    {
        if (AnyVersion().IsMatch(version))
        {
            return comparison is "<" or ">"
                ? throw new FormatException($"no version can be in '{comparison}{version}'")
                : VersionInterval.Everything;
        }

        var (at, isFamily) = VersionOrFamily(version);
        var next = isFamily ? After(at, at.Numbers.Count - 1) : null;
        return comparison switch
        {
            ">=" => From(at),
            ">" => next is null ? new VersionInterval(new VersionBound(at, false), null) : From(next),
            "<" => Below(at),
            "<=" => next is null ? new VersionInterval(null, new VersionBound(at, true)) : Below(next),
            "^" => From(at).And(Below(After(at, FirstThatCounts(at)))),
            "~" or "~>" => From(at).And(Below(After(at, Math.Min(1, at.Numbers.Count - 1)))),
            _ => From(at).And(next is null ? new VersionInterval(null, new VersionBound(at, true)) : Below(next)),
        };
    }

    private static VersionInterval From(SoftwareVersion version) => new(new VersionBound(version, true), null);

    private static VersionInterval Below(SoftwareVersion version) => new(null, new VersionBound(version, false));

    /// <summary>The first version that differs from <paramref name="version"/> at this number or before it.</summary>
    private static SoftwareVersion After(SoftwareVersion version, int number) =>
        new([.. version.Numbers.Take(number), version.Numbers[number] + 1], "");

    private static int FirstThatCounts(SoftwareVersion version)
    {
        var numbers = version.Numbers;
        return Enumerable.Range(0, numbers.Count).FirstOrDefault(i => numbers[i] != 0, numbers.Count - 1);
    }

    /// <summary>npm's partial versions: with an x, or with fewer than three numbers, all versions that begin so.</summary>
    private static (SoftwareVersion At, bool IsFamily) VersionOrFamily(string text)
    {
        var match = Wildcard().Match(text);
        if (match.Success)
            return (Version(match.Groups["numbers"].Value), true);

        var version = Version(text);
        return (version, version.Numbers.Count < 3 && version.Prerelease.Length == 0);
    }

    private static SoftwareVersion Version(string text) =>
        WellFormed().IsMatch(text) && SoftwareVersion.TryParse(text, out var version)
            ? version
            : throw new FormatException($"'{text}' is not a version");

    [GeneratedRegex(
        """^(?<open>[\[(])\s*((?<only>[^,\s\])]+)|(?<lower>[^,\s]*)\s*,\s*(?<upper>[^,\s\])]*))\s*(?<close>[\])])$""",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Interval();

    [GeneratedRegex("""^(?<from>[^\s<>=~^,]+)\s+-\s+(?<to>[^\s<>=~^,]+)$""", RegexOptions.ExplicitCapture)]
    private static partial Regex Hyphen();

    [GeneratedRegex("""\G[\s,]*(?<operator>>=|<=|==|~>|[<>=~^])?\s*(?<version>[^\s,<>=~^]+)[\s,]*""", RegexOptions.ExplicitCapture)]
    private static partial Regex Comparator();

    [GeneratedRegex("""^[vV]?[xX*](\.[xX*])*$""", RegexOptions.ExplicitCapture)]
    private static partial Regex AnyVersion();

    [GeneratedRegex("""^(?<numbers>[vV]?[0-9]+(\.[0-9]+)*)(\.[xX*])+$""", RegexOptions.ExplicitCapture)]
    private static partial Regex Wildcard();

    [GeneratedRegex(
        """^[vV]?[0-9]+(\.[0-9]+)*(-[0-9A-Za-z][0-9A-Za-z.-]*|[A-Za-z][0-9A-Za-z.-]*)?(\+[0-9A-Za-z.-]+)?$""",
        RegexOptions.ExplicitCapture)]
    private static partial Regex WellFormed();
}
