using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace LoadBalancer.Placement;

/// <summary>
/// A version as tools report it: dotted numbers of any length, then perhaps a tag. Missing numbers count as zero.
/// A tag makes it a prerelease only if it says so (<c>-beta.2</c>, <c>rc1</c>, or numbers alone as in <c>-0.3</c>). Others are revisions
/// of a distribution (<c>5.15.0-91-generic</c>, <c>20.04.6 LTS</c>) and are not compared: whoever asks for 5.15 is content with them.
/// A single letter after the numbers, as OpenSSL writes it, is one more number: 1.1.1w is newer than 1.1.1k.
/// </summary>
internal sealed partial record SoftwareVersion(IReadOnlyList<long> Numbers, string Prerelease) : IComparable<SoftwareVersion>
{
    public static bool TryParse(string? text, [NotNullWhen(true)] out SoftwareVersion? version)
    {
        version = null;
        var match = VersionPattern().Match(text ?? "");
        if (!match.Success)
            return false;

        var numbers = match.Groups["numbers"].Value.Split('.').Select(part => long.Parse(part, CultureInfo.InvariantCulture)).ToList();
        if (match.Groups["letter"].ValueSpan is [var letter])
            numbers.Add(char.ToLowerInvariant(letter) - 'a' + 1);

        version = new SoftwareVersion(numbers, match.Groups["prerelease"].Value.ToLowerInvariant());
        return true;
    }

    public int CompareTo(SoftwareVersion? other)
    {
        if (other is null)
            return 1;

        var byNumbers = CompareNumbers(other);
        if (byNumbers != 0 || Prerelease == other.Prerelease)
            return byNumbers;

        if (Prerelease.Length == 0 || other.Prerelease.Length == 0)
            return Prerelease.Length == 0 ? 1 : -1;

        return ComparePrereleases(Prerelease, other.Prerelease);
    }

    public bool IsPrereleaseOf(SoftwareVersion release) =>
        Prerelease.Length > 0 && release.Prerelease.Length == 0 && CompareNumbers(release) == 0;

    private int CompareNumbers(SoftwareVersion other)
    {
        for (var i = 0; i < Math.Max(Numbers.Count, other.Numbers.Count); i++)
        {
            var difference = Numbers.ElementAtOrDefault(i).CompareTo(other.Numbers.ElementAtOrDefault(i));
            if (difference != 0)
                return difference;
        }

        return 0;
    }

    /// <summary>As semantic versioning orders them, with <c>rc1</c> read as <c>rc.1</c>.</summary>
    private static int ComparePrereleases(string left, string right)
    {
        var leftParts = PrereleaseParts().Matches(left);
        var rightParts = PrereleaseParts().Matches(right);
        for (var i = 0; i < Math.Min(leftParts.Count, rightParts.Count); i++)
        {
            var difference = ComparePart(leftParts[i].Value, rightParts[i].Value);
            if (difference != 0)
                return difference;
        }

        return leftParts.Count.CompareTo(rightParts.Count);
    }

    private static int ComparePart(string left, string right)
    {
        var leftIsNumber = char.IsAsciiDigit(left[0]);
        var rightIsNumber = char.IsAsciiDigit(right[0]);
        if (leftIsNumber != rightIsNumber)
            return leftIsNumber ? -1 : 1;

        if (!leftIsNumber)
            return string.CompareOrdinal(left, right);

        var leftDigits = left.TrimStart('0');
        var rightDigits = right.TrimStart('0');
        var byLength = leftDigits.Length.CompareTo(rightDigits.Length);
        return byLength != 0 ? byLength : string.CompareOrdinal(leftDigits, rightDigits);
    }

    [GeneratedRegex(
        """
        ^\s* [vV]?
        (?<numbers> [0-9]{1,18} (\.[0-9]{1,18})* )
        ( (?<letter> [a-zA-Z] ) (?![a-zA-Z0-9])
        | [-._~]? (?<prerelease>
            (alpha|beta|preview|pre|rc|cr|dev|nightly|canary|snapshot|milestone|insiders?|next|ea|a|b|c|m) (?![a-z]) [0-9a-z.-]* )
        | - (?<prerelease> [0-9]+ (\.[0-9]+)* ) (?![0-9a-z.-])
        )?
        (?![0-9])
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex VersionPattern();

    [GeneratedRegex("[0-9]+|[a-z]+")]
    private static partial Regex PrereleaseParts();
}
