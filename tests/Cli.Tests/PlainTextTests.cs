using CsCheck;
using LoadBalancer.Cli.Terminals;

namespace LoadBalancer.Cli.Tests;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\u001b[31mred\u001b[0m", "red")]
    [InlineData("\u001b]0;title\u0007text", "text")]
    [InlineData("\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\", "link")]
    [InlineData("\u001bP1$r0m\u001b\\after", "after")]
    [InlineData("\u009b2Jcleared", "cleared")]
    [InlineData("a\u001b", "a")]
    [InlineData("\u001b[2", "")]
    [InlineData("bell\u0007 back\bspace\u007f", "bell backspace")]
    [InlineData("user\u202etxt.exe", "usertxt.exe")]
    [InlineData("a\r\nb\tc", "a b c")]
    [InlineData("grün 😀", "grün 😀")]
    [InlineData(null, "")]
    public void A_line_keeps_its_words_and_loses_what_steers_a_terminal(string? text, string expected) =>
        Assert.Equal(expected, PlainText.Line(text));

    [Fact]
    public void Several_lines_keep_line_feeds_and_tabs() =>
        Assert.Equal("a\n\tb\nprogress 1\nprogress 2\n", PlainText.Lines("a\r\n\tb\nprogress 1\rprogress 2\u001b[K\n"));

    [Fact]
    public void No_control_character_passes_whatever_comes() => Gen.String.Sample(text =>
    {
        Assert.DoesNotContain(PlainText.Line(text), char.IsControl);
        Assert.DoesNotContain(PlainText.Lines(text), c => char.IsControl(c) && c is not ('\n' or '\t'));
    }, seed: "0N0XIzNsQ0O2", iter: 2_000);

    [Theory]
    [InlineData("priorty", "priority")]
    [InlineData("PRIORITY", "priority")]
    [InlineData("work", "workers")]
    [InlineData("zzzz", null)]
    [InlineData("x", null)]
    public void The_nearest_name_is_a_slip_of_the_hand_away(string unknown, string? expected) =>
        Assert.Equal(expected, NearestName.Of(unknown, ["priority", "retries", "workers", "ab"]));

    [Theory]
    [InlineData(0.04, "0.0s")]
    [InlineData(12.39, "12.3s")]
    [InlineData(59.99, "59.9s")]
    [InlineData(134.0, "2m14s")]
    [InlineData(11_100.0, "3h05m")]
    [InlineData(double.MaxValue, "2777777h46m")]
    [InlineData(null, "-")]
    public void Durations_read_well(double? seconds, string expected) => Assert.Equal(expected, DurationText.Of(seconds));
}
