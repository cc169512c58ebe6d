using System.Collections.Concurrent;
using System.Text.Json;
using LoadBalancer.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Cli.Tests;

/// <summary>Addresses of policies, keys and shares that always answer the same; what is sent to them is kept.</summary>
internal static class FakeSettings
{
    private static readonly PolicyDocument Mixed = new()
    {
        Type = "composite",
        Algorithms = [new PolicyDocument { Type = "adaptive", Weight = 0.5 }],
    };

    private static readonly PolicyView Unit = new()
    {
        TestType = "unit",
        Policy = new PolicyDocument { Type = "round_robin" },
        Source = SettingSources.Live,
        ChangedAt = DateTimeOffset.UnixEpoch,
        ChangedBy = "ops",
    };

    private static readonly KeyView License = new()
    {
        Key = "license",
        Limit = 2,
        Source = SettingSources.Configuration,
        Holders = [new KeyHolder(Guid.Empty, 1, "w-1")],
        Waiting = 3,
    };

    private static readonly ShareView Ci = new() { Submitter = "ci", Weight = 2.5, Source = SettingSources.Live };

    public static void Map(WebApplication app, ConcurrentQueue<string> bodies, JsonSerializerOptions web)
    {
        app.MapGet("/api/policies", () => Results.Json(
            new PolicyList { Default = Unit with { TestType = "default", Policy = Mixed }, ByTestType = [Unit], Known = ["adaptive", "round_robin"] }, web));
        app.MapGet("/api/policies/{type}", (string type) =>
            Results.Json(Unit with { TestType = type, Policy = type == "mixed" ? Mixed : Unit.Policy }, web));
        app.MapPut("/api/policies/{type}", async (HttpContext context, string type) => await Keep(context) == "\"fastest\""
            ? Results.Problem(statusCode: 400, title: "The policy is refused", detail: "policy: Unknown placement policy 'fastest'")
            : Results.Json(Unit with { TestType = type }, web));
        app.MapDelete("/api/policies/{type}", (string type) => Results.Json(Unit with { TestType = type, Source = SettingSources.Default }, web));
        app.MapGet("/api/keys", (string? after) => Results.Json(
            new KeyPage { Keys = [after is null ? License : License with { Key = "rig" }], Next = after is null ? "license" : null }, web));
        app.MapPut("/api/keys/{key}", (HttpContext context, string key) => Kept(context, License with { Key = key, Limit = 4 }));
        app.MapDelete("/api/keys/{key}", (string key) => Results.Json(License with { Key = key }, web));
        app.MapGet("/api/shares", () => Results.Json(new ShareList([Ci]), web));
        app.MapPut("/api/shares/{submitter}", (HttpContext context, string submitter) => Kept(context, Ci with { Submitter = submitter }));
        app.MapDelete("/api/shares/{submitter}", (string submitter) =>
            Results.Json(Ci with { Submitter = submitter, Weight = 1, Source = SettingSources.Default }, web));

        async Task<IResult> Kept<T>(HttpContext context, T answer)
        {
            await Keep(context);
            return Results.Json(answer, web);
        }

        async Task<string> Keep(HttpContext context)
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync(context.RequestAborted);
            bodies.Enqueue(body);
            return body;
        }
    }
}
