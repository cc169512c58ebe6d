using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Fleet;
using LoadBalancer.Scheduler.Submissions;

namespace LoadBalancer.Cli.Simulation;

/// <summary>A fleet: one worker per line, or a number of equal ones.</summary>
internal static class FleetFile
{
    private const double Latest = 1e9;
    private const double Fastest = 1e6;
    private const int MostWorkers = 100_000;
    private const int MostSlots = 10_000;
    private const int LongestName = 128;

    /// <exception cref="LbException">The file cannot be read; the message names file, line and field.</exception>
    public static IReadOnlyList<FleetLine> Read(string path)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var fleet = InputLines.Read<Line, FleetLine>(path, (line, _) => Kind(line, ids));
        return fleet.Count > 0 ? fleet : throw LbException.BadInput($"{path}:1: line: the file holds no worker");
    }

    private static FleetLine Kind(Line line, HashSet<string> ids)
    {
        var length = line.WorkerId.Length;
        if (length is 0 or > LongestName)
            throw new InputException("workerId", $"{Quote.Text(line.WorkerId)} has {length} characters; 1 to {LongestName} are accepted");

        InputException.Within("count", line.Count, 1, MostWorkers - ids.Count);
        var kind = new FleetLine
        {
            WorkerId = line.WorkerId,
            Count = line.Count,
            Class = Class(line),
            Slots = (int)InputException.Within("slots", line.Slots, 1, MostSlots),
            Speed = InputException.Within("speed", line.Speed, 1 / Fastest, Fastest),
            JoinsAt = TimeSpan.FromSeconds(InputException.Within("joinsAt", line.JoinsAt, 0, Latest)),
            LeavesAt = LeavesAt(line),
            Capabilities = Capabilities(line),
        };
        if (kind.WorkerIds.FirstOrDefault(id => !ids.Add(id)) is { } twice)
            throw new InputException("workerId", $"{Quote.Text(twice)} is a worker of an earlier line");
        return kind;
    }

    /// <summary>Workers of one line are equal, so without a name for their class they are one.</summary>
    private static string Class(Line line)
    {
        var name = line.Class.Length > 0 ? line.Class : line.Capabilities.Class.Length > 0 ? line.Capabilities.Class : line.WorkerId;
        return name is not ActualTimes.OtherClasses and { Length: <= LongestName }
            ? name
            : throw new InputException("class", $"{Quote.Text(name)} is no class: it has 1 to {LongestName} characters and is not \"*\"");
    }

    private static TimeSpan? LeavesAt(Line line) => line.LeavesAt switch
    {
        null => null,
        var leaves when leaves > line.JoinsAt => TimeSpan.FromSeconds(InputException.Within("leavesAt", leaves.Value, 0, Latest)),
        var leaves => throw new InputException("leavesAt", FormattableString.Invariant($"{leaves} is not after joinsAt, {line.JoinsAt}")),
    };

    /// <summary>The very rules by which a worker's registration is accepted or refused.</summary>
    private static WorkerCapabilities Capabilities(Line line)
    {
        var registration = new WorkerRegistered { Capabilities = line.Capabilities, Slots = line.Slots, ReplyTo = "" };
        if (ReportRules.Problem(registration)?.Split(": ", 2) is [var field, var text])
            throw new InputException(field, text);
        if (line.Capabilities.Accelerators.GroupBy(device => device.Id).FirstOrDefault(devices => devices.Count() > 1) is { } twice)
            throw new InputException("capabilities.accelerators", $"id {Quote.Text(twice.Key)} is given twice; ids are unique on a worker");
        return line.Capabilities;
    }

    private sealed record Line
    {
        public required string WorkerId { get; init; }

        public int Count { get; init; } = 1;

        public string Class { get; init; } = "";

        public int Slots { get; init; } = 1;

        public double Speed { get; init; } = 1;

        public double JoinsAt { get; init; }

        public double? LeavesAt { get; init; }

        public required WorkerCapabilities Capabilities { get; init; }
    }
}
