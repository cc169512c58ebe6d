using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.History;
using LoadBalancer.Scheduler.TestRuns;

namespace LoadBalancer.Scheduler.Dispatch;

/// <summary>From what the planner decided to what is stored and sent.</summary>
internal static class Decisions
{
    public static DecisionRow ToRow(RunPlaced placed, DateTimeOffset now)
    {
        var decision = placed.Decision;
        return new DecisionRow
        {
            RunId = decision.RunId,
            Attempt = decision.Attempt,
            WorkerId = decision.WorkerId,
            SessionId = placed.SessionId,
            WorkerClass = placed.WorkerClass,
            Policy = decision.Policy,
            Reason = decision.Reason,
            DecidedAt = now,
            PredictedSeconds = decision.Predicted?.P50.TotalSeconds,
            PredictedP90Seconds = decision.Predicted?.P90.TotalSeconds,
            Devices = ToDevices(decision.Reservation),
            Score = new Dictionary<string, double>(decision.Score),
            Alternatives = [.. decision.Alternatives.Select(a => new AlternativeView(a.WorkerId, a.ScoreSeconds, a.Reason) { Score = a.Score })],
            Refusals = new Dictionary<string, int>(decision.Refusals),
        };
    }

    public static ReservationRow ToReservation(Decision decision) => new()
    {
        RunId = decision.RunId,
        Attempt = decision.Attempt,
        WorkerId = decision.WorkerId,
        MemoryGb = decision.Reservation.MemoryGb,
        CpuCores = decision.Reservation.CpuCores,
        DiskGb = decision.Reservation.DiskGb,
        Devices = ToDevices(decision.Reservation),
        Keys = [.. decision.Reservation.Keys],
        AfterRunId = decision.StartsAfter?.RunId,
        AfterAttempt = decision.StartsAfter?.Attempt,
    };

    public static Reservation ToReservation(ReservationRow row) => new()
    {
        RunId = row.RunId,
        Attempt = row.Attempt,
        WorkerId = row.WorkerId,
        MemoryGb = row.MemoryGb,
        CpuCores = row.CpuCores,
        DiskGb = row.DiskGb,
        Devices = [.. row.Devices.Select(d => new DeviceShare(d.Type, d.Id, d.Share, d.MemoryGb))],
        Keys = row.Keys,
    };

    public static RunTest ToMessage(TestRun run, RunPlaced placed)
    {
        var test = run.Submission ?? throw new InvalidOperationException($"run {run.CorrelationId} was placed without a submission");
        return new RunTest
        {
            RunId = run.CorrelationId,
            Attempt = placed.Decision.Attempt,
            SessionId = placed.SessionId,
            TestId = run.TestId,
            TestType = run.TestType,
            Command = test.Command,
            Workspace = test.Workspace,
            Parameters = test.Parameters,
            TimeoutSeconds = test.TimeoutSeconds,
            Devices = ToDevices(placed.Decision.Reservation),
            MemoryGb = placed.Decision.Reservation.MemoryGb,
            CpuCores = placed.Decision.Reservation.CpuCores,
            StartsAfter = placed.Decision.StartsAfter is { } predecessor ? new RunAttempt(predecessor.RunId, predecessor.Attempt) : null,
        };
    }

    private static List<AssignedDevice> ToDevices(Reservation reservation) =>
        [.. reservation.Devices.Select(d => new AssignedDevice(d.Type, d.Id, d.Share, d.MemoryGb))];
}
