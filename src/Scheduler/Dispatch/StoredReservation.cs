using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LoadBalancer.Scheduler.Dispatch;

/// <summary>A reservation with what its decision says of how long it lasts; a planner that did not know would take each to last a minute.</summary>
internal sealed record StoredReservation(ReservationRow Row, DateTimeOffset? DecidedAt, double? PredictedSeconds, double? PredictedP90Seconds)
{
    /// <summary>The run was reported to have started.</summary>
    public bool Started { get; init; }

    public AttemptId? StartsAfter => Row is { AfterRunId: { } runId, AfterAttempt: { } attempt } ? new AttemptId(runId, attempt) : null;

    /// <summary>Null if the decision was made without one.</summary>
    public DurationForecast? Predicted => PredictedSeconds is { } median && PredictedP90Seconds is { } late
        ? DurationForecast.Between(TimeSpan.FromSeconds(median), TimeSpan.FromSeconds(late))
        : null;

    public static Task<List<StoredReservation>> AllAsync(SchedulerDbContext database, CancellationToken cancellationToken)
    {
        var all =
            from held in database.Reservations.AsNoTracking()
            join made in database.Decisions.AsNoTracking()
                on new { held.RunId, held.Attempt } equals new { made.RunId, made.Attempt } into decisions
            from decision in decisions.DefaultIfEmpty()
                // Whoever is followed was decided on before.
            orderby decision.DecidedAt
            select new StoredReservation(
                held, (DateTimeOffset?)decision.DecidedAt, decision.PredictedSeconds, decision.PredictedP90Seconds)
            {
                Started = database.Runs.Any(run => run.CorrelationId == held.RunId && run.CurrentState == RunStates.Running),
            };
        return all.ToListAsync(cancellationToken);
    }
}
