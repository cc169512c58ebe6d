using System.Globalization;

namespace LoadBalancer.Chaos.Judging;

/// <summary>
/// One process of one attempt, by its lines in the journal. It was alive at least from <see cref="Start"/> to <see cref="LastSeen"/>:
/// a process that was killed writes no last line, so its real end may be later, never earlier.
/// </summary>
internal sealed record Execution(Guid RunId, int Attempt, string WorkerId, int ProcessId, double Start, double LastSeen, bool Ended)
{
    /// <summary>As the worker named them to the process: <c>type:id</c>.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    public bool Overlaps(Execution other) => Start < other.LastSeen && other.Start < LastSeen;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"run {RunId} attempt {Attempt} on {WorkerId}, process {ProcessId}, {Start:0.00}-{LastSeen:0.00}{(Ended ? "" : " (killed)")}");
}

/// <summary>What the tests wrote.</summary>
/// <param name="Executions">In the order of their start.</param>
/// <param name="Unreadable">Lines that are not what the script writes: a sign that the journal cannot be trusted.</param>
internal sealed record Journal(IReadOnlyList<Execution> Executions, IReadOnlyList<string> Unreadable)
{
    private const int Fields = 8;

    public static Journal Read(IEnumerable<string> lines)
    {
        var executions = new Dictionary<(Guid, int, string, int), Execution>();
        var unreadable = new List<string>();
        foreach (var line in lines)
        {
            if (Parse(line) is not { } seen)
            {
                unreadable.Add(line);
                continue;
            }

            var key = (seen.RunId, seen.Attempt, seen.WorkerId, seen.ProcessId);
            executions[key] = executions.TryGetValue(key, out var known)
                ? known with { LastSeen = Math.Max(known.LastSeen, seen.LastSeen), Ended = known.Ended || seen.Ended }
                : seen;
        }

        return new Journal([.. executions.Values.OrderBy(execution => execution.Start)], unreadable);
    }

    private static Execution? Parse(string line)
    {
        var fields = line.Split(' ');
        return fields.Length == Fields
            && fields[0] is "start" or "alive" or "end"
            && double.TryParse(fields[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var at)
            && Guid.TryParse(fields[2], out var runId)
            && int.TryParse(fields[3], NumberStyles.None, CultureInfo.InvariantCulture, out var attempt)
            && int.TryParse(fields[5], NumberStyles.None, CultureInfo.InvariantCulture, out var processId)
                ? new Execution(runId, attempt, fields[4], processId, at, at, fields[0] == "end")
                {
                    Devices = fields[7] == "-" ? [] : fields[7].Split(','),
                }
                : null;
    }
}
