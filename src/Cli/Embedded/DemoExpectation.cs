using System.Globalization;
using LoadBalancer.Cli.Watching;
using LoadBalancer.Contracts;

namespace LoadBalancer.Cli.Embedded;

/// <summary>How a test of the sample is meant to end, as its parameters say: <c>expect</c> (default Completed) and <c>expectAttempts</c>.</summary>
internal sealed record DemoExpectation(string Ending, int? Attempts)
{
    public static DemoExpectation Of(SubmitTest test) => new(
        test.Parameters.GetValueOrDefault("expect", RunStates.Completed),
        test.Parameters.TryGetValue("expectAttempts", out var attempts) ? int.Parse(attempts, CultureInfo.InvariantCulture) : null);

    /// <summary>What differs, or null when it ended as meant.</summary>
    public string? Difference(RunSummary run)
    {
        var ending = RunText.State(run);
        if (ending != Ending) return $"{run.TestId} ended as {ending}, expected {Ending}: {RunText.Why(run)}";
        return Attempts is { } attempts && attempts != run.Attempt ? $"{run.TestId} took {run.Attempt} attempts, expected {attempts}" : null;
    }
}
