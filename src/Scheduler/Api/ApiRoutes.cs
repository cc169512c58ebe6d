using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.Persistence;
using LoadBalancer.Scheduler.TestRuns;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Api;

/// <summary>Every address of the API, and the role that it needs.</summary>
internal static class ApiRoutes
{
    private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(10);

    public static void MapApi(this WebApplication app)
    {
        var view = app.MapGroup("/api").AddEndpointFilter(TokenCheck.Require(ApiRole.Viewer)).AddEndpointFilter(BadRequests.RefuseNul);
        view.MapGet("/runs", RunQueries.ListAsync);
        view.MapGet("/runs/{runId}", RunQueries.GetAsync);
        view.MapGet("/runs/{runId}/explanation", RunQueries.ExplainAsync);
        view.MapGet("/runs/{runId}/output", RunQueries.OutputAsync);
        view.MapGet("/suites/{suite}", RunQueries.SuiteAsync);
        view.MapGet("/workers", WorkerQueries.ListAsync);
        view.MapGet("/events", EventStream.FollowAsync);
        view.MapGet("/policies", PolicySettings.List);
        view.MapGet("/policies/{testType}", PolicySettings.Get);
        view.MapGet("/keys", KeySettings.ListAsync);
        view.MapGet("/keys/{key}", KeySettings.GetAsync);
        view.MapGet("/shares", ShareSettings.List);
        view.MapGet("/shares/{submitter}", ShareSettings.Get);

        var submit = app.MapGroup("/api").AddEndpointFilter(TokenCheck.Require(ApiRole.Submitter)).AddEndpointFilter(BadRequests.RefuseNul);
        submit.MapPost("/runs", RunCommands.SubmitAsync);
        submit.MapDelete("/runs/{runId}", RunCommands.CancelAsync);
        submit.MapDelete("/suites/{suite}", RunCommands.CancelSuiteAsync);

        var operate = app.MapGroup("/api").AddEndpointFilter(TokenCheck.Require(ApiRole.Operator)).AddEndpointFilter(BadRequests.RefuseNul);
        operate.MapPost("/workers/{workerId}/drain", WorkerCommands.DrainAsync);
        operate.MapPost("/workers/{workerId}/resume", WorkerCommands.ResumeAsync);
        operate.MapPut("/policies", PolicySettings.SetManyAsync);
        operate.MapPut("/policies/{testType}", PolicySettings.SetAsync);
        operate.MapDelete("/policies/{testType}", PolicySettings.ResetAsync);
        operate.MapPut("/keys", KeySettings.SetManyAsync);
        operate.MapPut("/keys/{key}", KeySettings.SetAsync);
        operate.MapDelete("/keys/{key}", KeySettings.ResetAsync);
        operate.MapPut("/shares", ShareSettings.SetManyAsync);
        operate.MapPut("/shares/{submitter}", ShareSettings.SetAsync);
        operate.MapDelete("/shares/{submitter}", ShareSettings.ResetAsync);

        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapGet("/health/live", () => Results.Ok(new { status = "live" }));
        app.MapGet("/health/ready", ReadyAsync);
    }

    /// <summary>Ready means: it decides, both servers answer, and what the workers send is read and stored.</summary>
    private static async Task<IResult> ReadyAsync(
        ActiveScheduler scheduler, IBusControl bus, SchedulerDbContext database, HeartbeatPulse pulse, TestRunEvents events, TimeProvider time, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        if (!scheduler.IsReady || pulse.ReadAt == default)
            problems.Add("the scheduler is starting");
        else if (time.GetUtcNow() - pulse.ReadAt is var silence && silence > MaxSilence)
            problems.Add($"heartbeats: none was read and stored for {silence.TotalSeconds:0} s{(pulse.Problem is { } problem ? $" ({problem})" : "")}");
        if (events.Problem is { } unstored)
            problems.Add($"database: a change of a run cannot be stored ({unstored})");
        if (bus.CheckHealth() is { Status: not BusHealthStatus.Healthy } health)
            problems.Add($"broker: {health.Description}");
        try
        {
            await database.Database.ExecuteSqlRawAsync("SELECT 1", cancellationToken);
        }
        catch (Exception exception) when (exception is System.Data.Common.DbException or InvalidOperationException)
        {
            problems.Add($"database: {exception.GetBaseException().Message}");
        }

        return problems.Count == 0
            ? Results.Ok(new { status = "ready" })
            : Results.Json(new { status = "not ready", problems }, statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}
