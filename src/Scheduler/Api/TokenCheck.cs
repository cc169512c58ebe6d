using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Scheduler.Api;

/// <summary>Who calls: by bearer token where tokens are configured, else whoever reaches the loopback address.</summary>
internal sealed class TokenCheck(IOptions<ApiOptions> options, TimeProvider time)
{
    private const string Scheme = "Bearer ";

    public Principal? Identify(HttpRequest request)
    {
        if (options.Value.Tokens.Count == 0)
            return new Principal("default", ApiRole.Operator);

        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return null;

        var given = SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim()));
        foreach (var (name, token) in options.Value.Tokens)
        {
            if (CryptographicOperations.FixedTimeEquals(given, Convert.FromHexString(token.Sha256)) && !(token.ExpiresAt <= time.GetUtcNow()))
                return new Principal(name, token.Role);
        }

        return null;
    }

    /// <summary>An endpoint filter that lets through whoever has at least this role.</summary>
    public static Func<EndpointFilterInvocationContext, EndpointFilterDelegate, ValueTask<object?>> Require(ApiRole role) =>
        async (context, next) =>
        {
            var http = context.HttpContext;
            if (http.RequestServices.GetRequiredService<TokenCheck>().Identify(http.Request) is not { } principal)
                return Results.Problem(statusCode: StatusCodes.Status401Unauthorized, title: "A token is needed", detail: "Send 'Authorization: Bearer …' with a token of Api:Tokens.");
            if (principal.Role < role)
                return Results.Problem(statusCode: StatusCodes.Status403Forbidden, title: "The role is too low", detail: $"{principal.Name} is {principal.Role}; this needs {role}.");

            http.Items[typeof(Principal)] = principal;
            return await next(context);
        };
}

/// <summary>An authenticated caller.</summary>
internal sealed record Principal(string Name, ApiRole Role)
{
    public static Principal Of(HttpContext http) => (Principal)http.Items[typeof(Principal)]!;
}
