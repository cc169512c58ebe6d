using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Scheduler.Api;

/// <summary>A name that is the last part of an address. The server decodes all of it but a slash, which it leaves as it was sent.</summary>
internal static class NameInPath
{
    private const string EncodedSlash = "%2F";

    /// <param name="request">As it came.</param>
    /// <param name="bound">What the server made of the name.</param>
    public static string Exact(HttpRequest request, string bound)
    {
        if (!bound.Contains(EncodedSlash, StringComparison.OrdinalIgnoreCase))
            return bound;

        var target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0];
        return Uri.UnescapeDataString(target[(target.LastIndexOf('/') + 1)..]);
    }
}
