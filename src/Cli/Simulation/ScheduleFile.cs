using System.Text.Json;

namespace LoadBalancer.Cli.Simulation;

/// <summary>The schedule: one attempt per line, in order of start.</summary>
internal static class ScheduleFile
{
    /// <exception cref="LbException">The file cannot be written.</exception>
    public static void Write(string path, SimulationResult result)
    {
        try
        {
            using var file = File.CreateText(path);
            foreach (var attempt in result.Attempts) file.WriteLine(JsonSerializer.Serialize(Line(attempt), Api.Json.Options));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LbException.BadInput($"cannot write the schedule {path}: {e.Message}");
        }
    }

    private static object Line(SimulatedAttempt attempt) => new
    {
        RunIndex = attempt.Run.Traced.Index,
        attempt.Run.Traced.Test.TestId,
        attempt.Decision.Attempt,
        attempt.Decision.WorkerId,
        Devices = attempt.Decision.Reservation.Devices.ToDictionary(device => device.Id, device => device.Share),
        Start = attempt.Start.TotalSeconds,
        End = attempt.End.TotalSeconds,
        Outcome = JsonNamingPolicy.CamelCase.ConvertName(attempt.Outcome.ToString()),
        attempt.Decision.Reason,
    };
}
