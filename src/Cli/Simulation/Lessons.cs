using LoadBalancer.Contracts;
using LoadBalancer.Placement;

namespace LoadBalancer.Cli.Simulation;

/// <summary>What the planner learns: of each attempt after its end, and of earlier runs before the start.</summary>
internal static class Lessons
{
    public static RunOutcome Of(SimulatedAttempt attempt)
    {
        var verdict = attempt.Outcome switch
        {
            AttemptOutcome.Passed => RunVerdict.Passed,
            AttemptOutcome.Failed => RunVerdict.Failed,
            AttemptOutcome.TimedOut => RunVerdict.TimedOut,
            _ => RunVerdict.Lost,
        };
        // How long a lost worker had run it, nobody knows.
        var duration = verdict is RunVerdict.Lost ? TimeSpan.Zero : attempt.Duration;
        return Of(attempt.Run.Traced.Test, attempt.Kind.Class, duration, verdict) with { WorkerId = attempt.Decision.WorkerId };
    }

    /// <summary>
    /// A line of history tells of one earlier run on each class that it names, and of one on each class of the fleet that its
    /// <c>*</c> stands for. Lines are taken in the order of their <c>at</c>.
    /// </summary>
    public static IEnumerable<RunOutcome> Of(IReadOnlyList<TracedRun> history, IReadOnlyList<FleetLine> fleet)
    {
        var classes = fleet.DistinctBy(kind => kind.Class).ToList();
        foreach (var run in history.OrderBy(run => run.At))
        {
            foreach (var (workerClass, seconds) in run.Actual.Seconds.Where(time => time.Key != ActualTimes.OtherClasses))
                yield return Of(run, workerClass, TimeSpan.FromSeconds(seconds));
            foreach (var kind in classes.Where(kind => !run.Actual.Seconds.ContainsKey(kind.Class)))
            {
                if (run.Actual.On(kind) is { } time) yield return Of(run, kind.Class, time);
            }
        }
    }

    private static RunOutcome Of(TracedRun run, string workerClass, TimeSpan time) =>
        time > run.Timeout ? Of(run.Test, workerClass, run.Timeout, RunVerdict.TimedOut)
        : Of(run.Test, workerClass, time, run.Actual.Passes ? RunVerdict.Passed : RunVerdict.Failed);

    /// <summary>The one place where an outcome is made.</summary>
    private static RunOutcome Of(SubmitTest test, string workerClass, TimeSpan duration, RunVerdict verdict) => new()
    {
        TestId = test.TestId,
        TestType = test.TestType,
        ModelId = test.ModelId,
        ModelFamily = test.ModelFamily,
        WorkerClass = workerClass,
        Duration = duration,
        Verdict = verdict,
        ExpectedDuration = test.ExpectedDurationSeconds is { } expected ? TimeSpan.FromSeconds(expected) : null,
    };
}
