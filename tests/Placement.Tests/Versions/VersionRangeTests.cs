namespace LoadBalancer.Placement.Tests;

public sealed class VersionRangeTests
{
    [Theory]
    // npm, comparisons
    [InlineData(">=3.10", "3.10", true)]
    [InlineData(">=3.10", "3.9.18", false)]
    [InlineData(">=3.10", "3.11.2", true)]
    [InlineData(">= 3.10", "3.10.0", true)]
    [InlineData(">=3 <4", "3.99", true)]
    [InlineData(">=3 <4", "4.0", false)]
    [InlineData(">=3, <4", "3.5", true)]
    [InlineData(">3.11", "3.11.9", false)]
    [InlineData(">3.11", "3.12", true)]
    [InlineData(">3.11.2", "3.11.3", true)]
    [InlineData("<=3.11", "3.11.9", true)]
    [InlineData("<=3.11", "3.12", false)]
    [InlineData("<=3.11.2", "3.11.3", false)]
    [InlineData("=1.2.3", "1.2.3", true)]
    [InlineData("=1.2.3", "1.2.4", false)]
    // npm, families
    [InlineData("3.11", "3.11.9", true)]
    [InlineData("3.11", "3.1", false)]
    [InlineData("1.2.3", "1.2.3", true)]
    [InlineData("1.2.3", "1.2.4", false)]
    [InlineData("1.x", "1.99.1", true)]
    [InlineData("1.x", "2.0", false)]
    [InlineData("1.2.*", "1.2.7", true)]
    [InlineData("1.2.*", "1.3", false)]
    [InlineData("v18", "v18.2.0", true)]
    [InlineData("*", "anything", true)]
    [InlineData("", "0", true)]
    [InlineData(">=0", "anything", false)]
    // npm, caret, tilde, hyphen, alternatives
    [InlineData("^1.2", "1.2", true)]
    [InlineData("^1.2", "1.99.9", true)]
    [InlineData("^1.2", "1.1.9", false)]
    [InlineData("^1.2", "2.0", false)]
    [InlineData("^0.2.3", "0.2.9", true)]
    [InlineData("^0.2.3", "0.3.0", false)]
    [InlineData("^0.0.3", "0.0.4", false)]
    [InlineData("^0.x", "0.9", true)]
    [InlineData("^0.x", "1.0", false)]
    [InlineData("~1.2", "1.2.9", true)]
    [InlineData("~1.2", "1.3", false)]
    [InlineData("~1.2.3", "1.2.2", false)]
    [InlineData("~1", "1.9", true)]
    [InlineData("~1", "2.0", false)]
    [InlineData("1.2 - 2", "1.2", true)]
    [InlineData("1.2 - 2", "2.9.9", true)]
    [InlineData("1.2 - 2", "3.0", false)]
    [InlineData("1.2.3 - 2.3.4", "2.3.5", false)]
    [InlineData("^1.2 || >=3", "2.0", false)]
    [InlineData("^1.2 || >=3", "1.4", true)]
    [InlineData("^1.2 || >=3", "3.1", true)]
    // NuGet
    [InlineData("[3.10,)", "3.10", true)]
    [InlineData("[3.10,)", "3.9", false)]
    [InlineData("(3.10,)", "3.10.0", false)]
    [InlineData("(1,2]", "1.0", false)]
    [InlineData("(1,2]", "1.0.1", true)]
    [InlineData("(1,2]", "2.0.0", true)]
    [InlineData("(1,2]", "2.0.1", false)]
    [InlineData("(,2)", "1.9", true)]
    [InlineData("(,2)", "2", false)]
    [InlineData("[ 1.2 , 2.0 )", "1.5", true)]
    [InlineData("[1.2]", "1.2.0", true)]
    [InlineData("[1.2]", "1.2.1", false)]
    [InlineData("(,)", "7", true)]
    // any length
    [InlineData(">=10.0.19041.1", "10.0.19041.3570", true)]
    [InlineData(">=1.2.3.4.5", "1.2.3.4.4", false)]
    [InlineData(">=535", "535.104.05", true)]
    public void A_version_is_in_a_range_or_not(string range, string version, bool expected) =>
        Assert.Equal(expected, Parse(range).Contains(version));

    [Theory]
    [InlineData(">=3.12", "3.12.0rc1", false)]
    [InlineData(">=3.11", "3.12.0rc1", true)]
    [InlineData(">=3.12.0-rc.1", "3.12.0rc1", true)]
    [InlineData(">=3.12.0-rc.2", "3.12.0rc10", true)]
    [InlineData(">=3.12.0-rc.1", "3.12.0-beta.4", false)]
    [InlineData(">=3.12.0-rc.1", "3.12.0", true)]
    [InlineData("<4", "4.0.0-beta", false)]
    [InlineData("^1.2", "2.0.0-alpha.1", false)]
    [InlineData("[1,2)", "2.0-preview.3", false)]
    [InlineData(">=8", "10.0.100-rc.1.25451.107", true)]
    [InlineData("<1.0.0-0.3.7", "1.0.0-0.3", true)]
    [InlineData("1.2.3", "1.2.3+build.5", true)]
    public void A_prerelease_comes_before_its_release(string range, string version, bool expected) =>
        Assert.Equal(expected, Parse(range).Contains(version));

    [Theory]
    [InlineData(">=5.15", "5.15.0-91-generic", true)]
    [InlineData(">=20.04", "20.04.6 LTS", true)]
    [InlineData("^3.11", "3.11.2 (main, Mar 13 2023)", true)]
    [InlineData(">=1.1.1k", "1.1.1w", true)]
    [InlineData(">=1.1.1w", "1.1.1k", false)]
    [InlineData(">=1.1.1", "1.1.1w", true)]
    public void Revisions_of_a_distribution_are_no_prereleases(string range, string version, bool expected) =>
        Assert.Equal(expected, Parse(range).Contains(version));

    [Theory]
    [InlineData("latest")]
    [InlineData(">=")]
    [InlineData(">=3 foo")]
    [InlineData("[1,2")]
    [InlineData("(1.2)")]
    [InlineData("[2,1]")]
    [InlineData("[1,2,3]")]
    [InlineData(">=4 <3")]
    [InlineData("1..2")]
    [InlineData(">*")]
    [InlineData("9999999999999999999999")]
    public void What_cannot_be_read_is_refused_with_the_text_quoted(string text)
    {
        var read = VersionRange.TryParse(text, out var range, out var error);

        Assert.False(read);
        Assert.Null(range);
        Assert.Contains($"'{text}'", error);
    }

    private static VersionRange Parse(string text)
    {
        Assert.True(VersionRange.TryParse(text, out var range, out var error), error);
        return range;
    }
}
