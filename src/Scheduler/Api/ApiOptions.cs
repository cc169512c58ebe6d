using System.Net;

namespace LoadBalancer.Scheduler.Api;

/// <summary>Section <c>Api</c>.</summary>
internal sealed class ApiOptions
{
    public const string Section = "Api";

    /// <summary>Where to listen, separated by semicolons. Anything but loopback needs <see cref="Tokens"/>.</summary>
    public string Urls { get; set; } = "http://127.0.0.1:5080";

    /// <summary>By name of the principal. With none, every caller on loopback may do everything.</summary>
    public Dictionary<string, ApiToken> Tokens { get; set; } = [];

    /// <summary>Where others reach this API; empty for the first of <see cref="Urls"/>. A standby sends its callers to the leader's.</summary>
    public string PublicUrl { get; set; } = "";

    public string AddressForOthers()
    {
        var first = Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[0];
        return PublicUrl.Length > 0
            ? PublicUrl
            : first.Replace("://*", $"://{Dns.GetHostName()}", StringComparison.Ordinal).Replace("://+", $"://{Dns.GetHostName()}", StringComparison.Ordinal)
                .Replace("://0.0.0.0", $"://{Dns.GetHostName()}", StringComparison.Ordinal).Replace("://[::]", $"://{Dns.GetHostName()}", StringComparison.Ordinal);
    }

    public IEnumerable<string> Problems()
    {
        foreach (var url in Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Uri.TryCreate(url.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var address))
                yield return $"Api:Urls has '{url}', which is no address such as http://127.0.0.1:5080";
            else if (Tokens.Count == 0 && !IsLoopback(address))
                yield return $"Api:Urls has '{url}', which others can reach; set Api:Tokens, or listen on 127.0.0.1";
        }

        if (PublicUrl.Length > 0 && (!Uri.TryCreate(PublicUrl, UriKind.Absolute, out var given) || given.Scheme is not ("http" or "https")))
            yield return $"Api:PublicUrl is '{PublicUrl}', which is no address such as http://scheduler-1:5080";
        foreach (var (name, token) in Tokens)
        {
            if (token.Sha256.Length != 64 || !token.Sha256.All(char.IsAsciiHexDigit))
                yield return $"Api:Tokens:{name}:Sha256 is not the SHA-256 of a token in 64 hexadecimal digits";
        }
    }

    private static bool IsLoopback(Uri address) =>
        address.Host == "localhost" || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
}

/// <summary>A bearer token, stored as its hash.</summary>
internal sealed class ApiToken
{
    public string Sha256 { get; set; } = "";

    public ApiRole Role { get; set; } = ApiRole.Viewer;

    public DateTimeOffset? ExpiresAt { get; set; }
}

/// <summary>Each role may do what the ones before it may.</summary>
internal enum ApiRole
{
    Viewer,
    Submitter,
    Operator,
}
