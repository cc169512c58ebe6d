using System.Globalization;

namespace LoadBalancer.Cli.Terminals;

/// <summary>Durations as people read them: <c>0.4s</c>, <c>12.3s</c>, <c>2m14s</c>, <c>3h05m</c>.</summary>
internal static class DurationText
{
    public static string Of(double? seconds) => seconds is { } known ? Of(TimeSpan.FromSeconds(Math.Clamp(known, 0, MaxSeconds))) : "-";

    public static string Of(TimeSpan duration) => duration switch
    {
        { TotalSeconds: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(duration.TotalSeconds * 10) / 10:0.0}s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{duration.Minutes}m{duration.Seconds:00}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(long)duration.TotalHours}h{duration.Minutes:00}m"),
    };

    /// <summary>More than a lifetime, and far from what a <see cref="TimeSpan"/> cannot hold.</summary>
    private const double MaxSeconds = 1e10;
}
