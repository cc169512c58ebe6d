using LoadBalancer.System.Tests.Input;
using LoadBalancer.System.Tests.Servers;

namespace LoadBalancer.System.Tests;

/// <summary>Addresses of the API that ask for nothing that can be.</summary>
public sealed class BadInputAddressTests(TestServers servers) : SystemTest(servers)
{
    private const string Unknown = "6f0e6a52-52a5-4d0b-8a6e-3f6f6b7c2d11";

    private static readonly (string Method, string Path, int Status, string[] Says)[] Table =
    [
        ("GET", "api/runs/not-a-guid", 400, ["runId", "not-a-guid", "GUID"]),
        ("GET", "api/runs/not-a-guid/explanation", 400, ["runId", "not-a-guid"]),
        ("GET", "api/runs/..%2F..%2Fetc/output", 400, ["runId", "..", "etc"]),
        ("GET", $"api/runs/{Unknown}0", 400, ["runId", $"{Unknown}0"]),
        ("DELETE", "api/runs/all", 400, ["runId", "all"]),
        ("GET", $"api/runs/{Unknown}", 404, [Unknown]),
        ("GET", $"api/runs/{Unknown}/explanation", 404, [Unknown]),
        ("GET", $"api/runs/{Unknown}/output", 404, [Unknown]),
        ("GET", $"api/runs/{Unknown}/output?attempt=first", 400, ["attempt", "first", "whole number"]),
        ("GET", "api/runs?state=Nonsense", 400, ["state", "Nonsense", "Completed"]),
        ("GET", "api/runs?state=", 400, ["state", "\"\""]),
        ("GET", "api/runs?limit=-1", 400, ["limit", "-1", "1000"]),
        ("GET", "api/runs?limit=0", 400, ["limit", "0"]),
        ("GET", "api/runs?limit=1001", 400, ["limit", "1001"]),
        ("GET", "api/runs?limit=ten", 400, ["limit", "ten", "whole number"]),
        ("GET", "api/runs?limit=99999999999", 400, ["limit", "99999999999"]),
        ("GET", "api/runs?limit=1&limit=2", 400, ["limit", "1,2"]),
        ("GET", "api/runs?order=random", 400, ["order", "random", "oldest"]),
        ("GET", "api/runs?after=yesterday", 400, ["after", "yesterday"]),
        ("GET", "api/runs?after=99999999999999999999-0", 400, ["after", "99999999999999999999-0"]),
        ("GET", "api/runs?suite=a%00b", 400, ["suite", "a\\u0000b", "NUL"]),
        ("GET", "api/runs?testId=%00", 400, ["testId", "NUL"]),
        ("GET", "api/events?suite=%00", 400, ["suite", "NUL"]),
        ("GET", "api/suites/unheard-of", 404, ["unheard-of"]),
        ("GET", "api/suites/'%20OR%20'1'='1", 404, ["' OR '1'='1"]),
        ("DELETE", $"api/runs/{Unknown}?reason=%00", 400, ["reason", "NUL"]),
        ("POST", "api/workers/unheard-of/drain", 404, ["unheard-of"]),
        ("POST", "api/workers/unheard-of/resume", 404, ["unheard-of"]),
        ("POST", "api/workers/w1/drain?deadlineSeconds=soon", 400, ["deadlineSeconds", "soon", "a number"]),
        ("POST", "api/workers/w1/drain?deadlineSeconds=-1", 400, ["deadlineSeconds", "-1"]),
        ("POST", "api/workers/w1/drain?deadlineSeconds=NaN", 400, ["deadlineSeconds", "NaN"]),
        ("POST", "api/workers/w1/drain?reason=%00", 400, ["reason", "NUL"]),
    ];

    [Fact]
    public async Task Every_unreadable_address_is_answered_with_the_field_and_the_value()
    {
        var scheduler = await StartSchedulerAsync();
        var failures = new Failures();

        foreach (var (method, path, status, says) in Table)
        {
            var answer = await Answer.ToAsync(scheduler, new HttpMethod(method), path);
            failures.Add($"{method} {path}", answer.ProblemWith(status, says));
        }

        failures.AssertNone();
        Assert.Equal(200, (await Answer.ToAsync(scheduler, HttpMethod.Get, "api/runs?state=Completed&limit=1&order=newest&suite=%FF")).Status);
    }

    [Fact]
    public async Task What_no_route_knows_is_a_problem_too()
    {
        var scheduler = await StartSchedulerAsync();

        foreach (var (method, path, status) in new[] { ("GET", "api/nonsense", 404), ("PUT", "api/runs", 405), ("GET", "api/suites/a%00b", 400) })
        {
            Assert.Equal(status, (await Answer.ToAsync(scheduler, new HttpMethod(method), path)).Status);
        }
    }
}
