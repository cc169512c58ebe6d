using System.Diagnostics.CodeAnalysis;

namespace LoadBalancer.Placement;

/// <summary>
/// A set of versions in npm notation (<c>&gt;=3.10</c>, <c>^1.2</c>, <c>~1.2</c>, <c>1.x</c>, <c>1.2 - 2</c>, <c>&gt;=3 &lt;4</c>,
/// <c>||</c>) or NuGet's intervals (<c>[3.10,)</c>, <c>(1,2]</c>, <c>[1.2]</c>). A bare version is npm's: <c>1.2</c> is any 1.2,
/// <c>1.2.3</c> that one. <c>*</c> or nothing is any version.
/// </summary>
public sealed class VersionRange
{
    private const int LongestText = 256;

    private readonly IReadOnlyList<VersionInterval> alternatives;

    private VersionRange(string text, IReadOnlyList<VersionInterval> alternatives)
    {
        Text = text;
        this.alternatives = alternatives;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <param name="text">As a submitter wrote it.</param>
    /// <param name="range">The range; null if the text cannot be read.</param>
    /// <param name="error">A sentence that quotes the text; empty if it can be read.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out VersionRange? range, out string error)
    {
        range = null;
        try
        {
            if (text is null || text.Length > LongestText)
                throw new FormatException($"it must have at most {LongestText} characters");

            range = new VersionRange(text, [.. text.Split("||").Select(VersionNotation.Read)]);
            error = "";
            return true;
        }
        catch (FormatException problem)
        {
            error = $"'{text}' is not a version range: {problem.Message}.";
            return false;
        }
    }

    /// <summary>A version that cannot be read is only in the range of all versions.</summary>
    public bool Contains(string? version) =>
        SoftwareVersion.TryParse(version, out var parsed)
            ? alternatives.Any(interval => interval.Contains(parsed))
            : alternatives.Contains(VersionInterval.Everything);

    public override string ToString() => Text;
}
