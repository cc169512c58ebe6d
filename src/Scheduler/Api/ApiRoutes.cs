using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.Leadership;
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
        // From the database: a standby answers these too.
        var stored = app.MapGroup("/api").AddEndpointFilter(TokenCheck.Require(ApiRole.Viewer)).AddEndpointFilter(BadRequests.RefuseNul);
        stored.MapGet("/runs", RunQueries.ListAsync);
        stored.MapGet("/runs/{runId}", RunQueries.GetAsync);
        stored.MapGet("/runs/{runId}/output", RunQueries.OutputAsync);
        stored.MapGet("/suites/{suite}", RunQueries.SuiteAsync);
        stored.MapGet("/events", EventStream.FollowAsync);

        var view = LeadersGroup(app, ApiRole.Viewer);
        view.MapGet("/runs/{runId}/explanation", RunQueries.ExplainAsync);
        view.MapGet("/workers", WorkerQueries.ListAsync);
        view.MapGet("/policies", PolicySettings.List);
        view.MapGet("/policies/{testType}", PolicySettings.Get);
        view.MapGet("/keys", KeySettings.ListAsync);
        view.MapGet("/keys/{key}", KeySettings.GetAsync);
        view.MapGet("/shares", ShareSettings.List);
        view.MapGet("/shares/{submitter}", ShareSettings.Get);

        var submit = LeadersGroup(app, ApiRole.Submitter);
        submit.MapPost("/runs", RunCommands.SubmitAsync);
        submit.MapDelete("/runs/{runId}", RunCommands.CancelAsync);
        submit.MapDelete("/suites/{suite}", RunCommands.CancelSuiteAsync);

        var operate = LeadersGroup(app, ApiRole.Operator);
        operate.MapPost("/workers/{workerId}/drain", WorkerCommands.DrainAsync);
        operate.MapPost("/workers/{workerId}/resume", WorkerCommands.ResumeAsync);
        operate.MapPost("/rebalance", WorkerCommands.RebalanceAsync);
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

    private static RouteGroupBuilder LeadersGroup(WebApplication app, ApiRole role) =>
        app.MapGroup("/api").AddEndpointFilter(TokenCheck.Require(role)).ByLeaderOnly().AddEndpointFilter(BadRequests.RefuseNul);

    /// <summary>Ready means: it decides, both servers answer, and what the workers send is read and stored; or it stands by, and could lead.</summary>
    private static async Task<IResult> ReadyAsync(
        ActiveScheduler scheduler, LeaderLease lease, IBusControl bus, SchedulerDbContext database, HeartbeatPulse pulse, TestRunEvents events, TimeProvider time, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        if (!lease.StandsBy && (!scheduler.IsReady || pulse.ReadAt == default))
            problems.Add("the scheduler is starting");
        else if (!lease.StandsBy && time.GetUtcNow() - pulse.ReadAt is var silence && silence > MaxSilence)
            problems.Add($"heartbeats: none was read and stored for {silence.TotalSeconds:0} s{(pulse.Problem is { } problem ? $" ({problem})" : "")}");
        if (!lease.StandsBy && scheduler.IsReady && !lease.Leads)
            problems.Add($"database: another scheduler may lead, since the leadership could not be renewed ({lease.Problem})");
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
            ? Results.Ok(new { status = "ready", role = lease.StandsBy ? "standby" : "leader" })
            : Results.Json(new { status = "not ready", problems }, statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}
