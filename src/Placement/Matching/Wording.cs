using System.Globalization;

namespace LoadBalancer.Placement;

/// <summary>How amounts and names are written in sentences for people.</summary>
internal static class Wording
{
    public static string Number(double amount) => amount.ToString("0.##", CultureInfo.InvariantCulture);

    public static string Gb(double amount) => $"{Number(amount)} GB";

    public static string Cores(double amount) => $"{Number(amount)} {(amount == 1 ? "core" : "cores")}";

    public static string Seconds(TimeSpan time) =>
        time.TotalSeconds < 10
            ? $"{time.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s"
            : $"{time.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s";

    public static string Plural(string noun, int count) => count == 1 ? noun : noun + "s";

    public static string Listed(string noun, IEnumerable<string> names)
    {
        var quoted = names.Select(name => $"'{name}'").ToList();
        return $"{Plural(noun, quoted.Count)} {string.Join(", ", quoted)}";
    }

    public static string AnyOf(IReadOnlyList<string> names) => string.Join(" or ", names);

    /// <summary>A text that is stored or sent has a bound, whoever wrote it.</summary>
    public static string Shortened(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";
}
