using System.Net;

namespace LoadBalancer.Cli.Api;

/// <summary>A standby names the leader by a redirect. It is followed here, since the framework's own following leaves the token behind.</summary>
internal sealed class LeaderRedirect(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is not null)
            await request.Content.LoadIntoBufferAsync(cancellationToken);
        var answer = await base.SendAsync(request, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.TemporaryRedirect || answer.Headers.Location is not { } leader)
            return answer;

        answer.Dispose();
        var again = new HttpRequestMessage(request.Method, new Uri(request.RequestUri!, leader)) { Content = request.Content };
        foreach (var (name, values) in request.Headers)
            again.Headers.TryAddWithoutValidation(name, values);
        return await base.SendAsync(again, cancellationToken);
    }
}
