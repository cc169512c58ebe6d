using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LoadBalancer.Cli.Terminals;

/// <summary>
/// Makes text from tests and users safe to show: without it a test's name or output could move the cursor,
/// retitle the window, hide text or reverse its direction.
/// </summary>
internal static partial class PlainText
{
    /// <summary>For one line: line breaks and tabs become blanks.</summary>
    public static string Line(string? text) => Clean(text, keepLines: false);

    /// <summary>For several lines: line feeds and tabs stay, other line breaks become line feeds.</summary>
    public static string Lines(string? text) => Clean(text, keepLines: true);

    private static string Clean(string? text, bool keepLines)
    {
        if (string.IsNullOrEmpty(text)) return "";

        var withoutSequences = EscapeSequence().Replace(text.ReplaceLineEndings("\n"), "");
        var clean = new StringBuilder(withoutSequences.Length);
        foreach (var c in withoutSequences)
        {
            if (c is '\n' or '\t') clean.Append(keepLines ? c : ' ');
            else if (!char.IsControl(c) && !IsDirectionMark(c)) clean.Append(c);
        }

        return clean.ToString();
    }

    private static bool IsDirectionMark(char c) =>
        CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.Format && c is '\u200E' or '\u200F' or '\u061C'
        or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');

    /// <summary>Control sequences, strings (title, link, device control) up to their end, and two-character escapes; 7- and 8-bit.</summary>
    [GeneratedRegex(@"(?:\x1B\[|\x9B)[0-?]*[ -/]*[@-~]?|(?:\x1B[\]PX^_]|[\x9D\x90\x98\x9E\x9F])[^\x07\x1B\x9C]*(?:\x07|\x1B\\|\x9C)?|\x1B[ -/]*[0-~]?")]
    private static partial Regex EscapeSequence();
}
