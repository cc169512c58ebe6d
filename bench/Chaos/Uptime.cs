using System.Globalization;

namespace LoadBalancer.Chaos;

/// <summary>Seconds since the machine started: the one clock that the tests' shell scripts can read too.</summary>
internal static class Uptime
{
    public static double Now()
    {
        var text = File.ReadAllText("/proc/uptime");
        return double.Parse(text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
    }
}
