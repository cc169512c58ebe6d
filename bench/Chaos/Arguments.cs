using System.Globalization;

namespace LoadBalancer.Chaos;

/// <summary>The command line.</summary>
/// <param name="Duration">How long faults are made and tests submitted.</param>
/// <param name="Seed">Of the fault plan and of the tests.</param>
/// <param name="Schedulers">How many there are; one of them leads.</param>
/// <param name="Json">One line of JSON instead of the summary.</param>
/// <param name="Directory">For servers, journal and logs; it is the caller's to remove.</param>
internal sealed record Arguments(TimeSpan Duration, int Seed, int Schedulers, bool Json, string Directory)
{
    public const string Usage = "usage: ./chaos.sh [--seconds N] [--seed S] [--schedulers 1|2|3] [--json]";

    /// <summary>Null when the command line cannot be understood.</summary>
    public static Arguments? Parse(IReadOnlyList<string> words)
    {
        var (seconds, seed, schedulers, json, directory) = (60, 1, 1, false, "");
        for (var i = 0; i < words.Count; i++)
        {
            var value = i + 1 < words.Count ? words[i + 1] : "";
            switch (words[i])
            {
                case "--json":
                    json = true;
                    continue;
                case "--seconds" when Number(value) is { } number and >= 10 and <= 86_400:
                    seconds = number;
                    break;
                case "--seed" when Number(value) is { } number:
                    seed = number;
                    break;
                case "--schedulers" when Number(value) is { } number and >= 1 and <= 3:
                    schedulers = number;
                    break;
                case "--dir" when value.Length > 0:
                    directory = Path.GetFullPath(value);
                    break;
                default:
                    return null;
            }

            i++;
        }

        return directory.Length == 0 ? null : new Arguments(TimeSpan.FromSeconds(seconds), seed, schedulers, json, directory);
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
