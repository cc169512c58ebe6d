using System.Globalization;
using System.Text.Json;
using LoadBalancer.Cli.Api;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Reports;

/// <summary>How what is in force is written for people.</summary>
internal static class SettingText
{
    /// <summary>As <c>lb policy set</c> takes it.</summary>
    public static string Policy(PolicyDocument policy) => policy.Algorithms is null ? policy.Type : JsonSerializer.Serialize(policy, Json.Options);

    /// <summary>Where a value comes from, and who set it live.</summary>
    public static string Source(string source, string? changedBy, DateTimeOffset? changedAt) => changedBy is null || changedAt is not { } at
        ? source
        : $"{source}, by {changedBy} at {at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC";

    public static string Number(double number) => number.ToString(CultureInfo.InvariantCulture);
}
