using System.Text;
using System.Text.Json;
using LoadBalancer.Contracts;
using LoadBalancer.Scheduler.Submissions;

namespace LoadBalancer.Cli.Simulation;

/// <summary>A trace, or a history of earlier runs in the same form: a submission per line, and how long it truly takes.</summary>
internal static class TraceFile
{
    /// <summary>In seconds: some thirty years, as a bound on what a clock must count.</summary>
    private const double Latest = 1e9;

    private const double LongestRun = 365 * 24 * 3600.0;

    /// <exception cref="LbException">The file cannot be read; the message names file, line and field.</exception>
    public static IReadOnlyList<TracedRun> Read(string path) => InputLines.Read<Line, TracedRun>(path, Run);

    private static TracedRun Run(Line line, int index) => new()
    {
        Index = index,
        At = TimeSpan.FromSeconds(InputException.Within("at", line.At, 0, Latest)),
        Test = Test(line.Test),
        Actual = Times(line.Actual),
    };

    /// <summary>The very rules by which a submission is accepted or refused.</summary>
    private static SubmitTest Test(JsonElement body)
    {
        if (body.ValueKind is not JsonValueKind.Object) throw new InputException("test", $"is {Quote.Json(body)}; an object is expected");
        try
        {
            var read = SubmissionReader.Read(Encoding.UTF8.GetBytes(body.GetRawText()), _ => NobodysRun);
            if (read.IsBatch) throw new InputException("test", "is a list of tests; one test per line is expected");
            var test = read.Tests[0];
            return test.Problems is [var problem, ..] ? throw new InputException($"test.{problem.Field}", problem.Text) : test.Test!;
        }
        catch (UnreadableSubmissionException e)
        {
            throw new InputException("test", e.Message);
        }
    }

    private static ActualTimes Times(ActualLine actual)
    {
        if (actual.Seconds.Count == 0)
            throw new InputException("actual.seconds", "is empty; the time on each class is expected, or on \"*\"");

        foreach (var (workerClass, seconds) in actual.Seconds)
            InputException.Within($"actual.seconds.{Quote.Name(workerClass)}", seconds, 0, LongestRun);

        return new ActualTimes(actual.Seconds, actual.Outcome switch
        {
            "passed" => true,
            "failed" => false,
            var other => throw new InputException("actual.outcome", $"{Quote.Text(other)} is neither \"passed\" nor \"failed\""),
        });
    }

    /// <summary>Runs are told apart by their lines; only the rules ask for an id.</summary>
    private static readonly Guid NobodysRun = new(1, 0, 0, new byte[8]);

    private sealed record Line
    {
        public required double At { get; init; }

        public required JsonElement Test { get; init; }

        public required ActualLine Actual { get; init; }
    }

    private sealed record ActualLine
    {
        public required IReadOnlyDictionary<string, double> Seconds { get; init; }

        public string Outcome { get; init; } = "passed";
    }
}
