using System.Net;
using System.Net.Http.Headers;
using LoadBalancer.Cli.Api;

namespace LoadBalancer.Cli.Tests.Api;

public sealed class LeaderRedirectTests
{
    [Fact]
    public async Task The_leader_gets_what_the_standby_was_sent_with_the_token()
    {
        using var servers = new Servers();
        using var http = new HttpClient(new LeaderRedirect(servers));
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "token");

        using var answer = await http.PostAsync("http://standby/api/runs?a=1", new StringContent("body"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("POST http://leader/api/runs?a=1 Bearer token body", servers.Heard);
    }

    /// <summary>A standby that sends to the leader, and the leader.</summary>
    private sealed class Servers : HttpMessageHandler
    {
        public string Heard { get; private set; } = "";

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.Host == "standby")
            {
                var redirect = new HttpResponseMessage(HttpStatusCode.TemporaryRedirect);
                redirect.Headers.Location = new Uri($"http://leader{request.RequestUri.PathAndQuery}");
                return redirect;
            }

            Heard = $"{request.Method} {request.RequestUri} {request.Headers.Authorization} {await request.Content!.ReadAsStringAsync(cancellationToken)}";
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
