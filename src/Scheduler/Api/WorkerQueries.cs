using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Dispatch;
using LoadBalancer.Scheduler.Fleet;

namespace LoadBalancer.Scheduler.Api;

/// <summary>The fleet with what is reserved on it.</summary>
internal static class WorkerQueries
{
    public static async Task<IResult> ListAsync(
        WorkerFleet fleet, WorkerBindings bindings, Dispatcher dispatcher, CancellationToken cancellationToken)
    {
        var workers = fleet.All.OrderBy(worker => worker.WorkerId, StringComparer.Ordinal).ToList();
        var reservations = await dispatcher.AskAsync(
            planner => workers.ToDictionary(worker => worker.WorkerId, worker => planner.ReservationsOn(worker.WorkerId)), cancellationToken);
        return Results.Ok(new WorkerList([.. workers.Select(worker => View(worker, Status(worker, fleet, bindings), reservations[worker.WorkerId]))]));
    }

    private static string Status(WorkerSession worker, WorkerFleet fleet, WorkerBindings bindings) => worker.State switch
    {
        SessionState.Lost => "lost",
        SessionState.Left => "left",
        _ when !bindings.IsBound(worker.SessionId) => "unbound",
        _ when fleet.IsDoubtful(worker) => "possiblyLost",
        _ when worker.Draining || fleet.IsLeaving(worker) => "draining",
        _ => "alive",
    };

    private static WorkerView View(WorkerSession worker, string status, IReadOnlyList<Reservation> reservations) => new()
    {
        WorkerId = worker.WorkerId,
        Status = status,
        Capabilities = worker.Capabilities,
        Slots = worker.Slots,
        BusySlots = reservations.Count,
        ReservedMemoryGb = reservations.Sum(reservation => reservation.MemoryGb),
        ReservedCpuCores = reservations.Sum(reservation => reservation.CpuCores),
        ReservedDevices = [.. reservations.SelectMany(r => r.Devices).Select(d => new AssignedDevice(d.Type, d.Id, d.Share, d.MemoryGb))],
        Runs = [.. reservations.Select(reservation => new RunAttempt(reservation.RunId, reservation.Attempt))],
        Load = worker.Load,
        DrainReason = worker.Draining ? worker.DrainReason : null,
        DrainDeadline = worker.DrainDeadline,
        Version = worker.Version,
        RegisteredAt = worker.RegisteredAt,
        LastHeartbeatAt = worker.LastHeartbeatAt,
    };
}
