namespace LoadBalancer.Scheduler.Leadership;

/// <summary>What only the leader can answer, a standby passes on to it: by a redirect that keeps method and body (RFC 9110, 307).</summary>
internal static class LeaderOnly
{
    public static RouteGroupBuilder ByLeaderOnly(this RouteGroupBuilder group) => group.AddEndpointFilter(RedirectAsync);

    private static async ValueTask<object?> RedirectAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var lease = http.RequestServices.GetRequiredService<LeaderLease>();
        if (lease.Leads)
            return await next(context);

        return lease.LeaderUrl.Length > 0
            ? Results.Redirect($"{lease.LeaderUrl.TrimEnd('/')}{http.Request.Path}{http.Request.QueryString}", preserveMethod: true)
            : Results.Problem(statusCode: StatusCodes.Status503ServiceUnavailable, title: "No scheduler leads at the moment", detail: "Try again in a few seconds.");
    }
}
