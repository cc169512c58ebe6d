namespace LoadBalancer.Placement;

/// <summary>
/// Workers on which tests fail that pass elsewhere. What was to be expected of a run is its test's own rate of failures on the other workers, so
/// that a test which fails everywhere accuses nobody, and one that was hardly run elsewhere says nothing. A worker is noticed while its ratio of
/// seen to expected failures is above <see cref="Noticeable"/> with a probability of 99 %; see <see cref="FailureTally"/>.
/// Timeouts and lost workers do not count: the first may only be slow, which durations tell, and the second is known to the fleet.
/// </summary>
/// <param name="tests">Tests remembered; the one not seen for longest gives way.</param>
internal sealed class FailingWorkers(int tests)
{
    private const double Noticeable = 1.5;

    /// <summary>More workers than a fleet has; the one not seen for longest gives way.</summary>
    private const int Workers = 10_000;

    /// <summary>
    /// Runs elsewhere, weighted, before a test says something. With these and <see cref="WorthOfUsual"/> a test that always fails is expected to
    /// fail in 73 of 100 runs at least: its failures are 1.4 times those expected, which is not noticeable, however many there are.
    /// </summary>
    private const double RunsElsewhere = 2.7;

    /// <summary>How many runs the usual rate is worth against those of the test.</summary>
    private const double WorthOfUsual = 1;

    /// <summary>The rate of failures that is believed before anything was seen, and how many runs that is worth.</summary>
    private const double FirstUsual = 0.05, WorthOfFirstUsual = 20;

    /// <summary>What remains of a run's weight after each later one of any test: five hundred runs count at most.</summary>
    private const double MemoryOfUsual = 0.998;

    private readonly BoundedMemory<string, FailureRecord> records = new(tests);
    private readonly BoundedMemory<string, Suspect> suspects = new(Workers);
    private readonly BoundedMemory<string, double> noticed = new(Workers);
    private double usualRuns = WorthOfFirstUsual;
    private double usualFailures = WorthOfFirstUsual * FirstUsual;
    private FailureTally fleet;
    private long judged;

    public bool Any => noticed.Count > 0;

    /// <summary>The one whose record changed last comes last.</summary>
    public IEnumerable<string> Noticed => noticed.All.Select(worker => worker.Name);

    /// <summary>From 0 to 1: how much more often tests fail there than elsewhere; 0 unless it has been noticed.</summary>
    public double ExcessOn(string workerId) => noticed[workerId];

    public void Learn(RunOutcome outcome)
    {
        if (outcome.WorkerId.Length == 0 || outcome.Verdict is not (RunVerdict.Passed or RunVerdict.Failed))
            return;

        var failed = outcome.Verdict == RunVerdict.Failed;
        if (records[outcome.TestId] is { } record && !record.FailedLastOn(outcome.WorkerId))
            Judge(outcome.WorkerId, record, failed);
        records.Change(outcome.TestId, known =>
        {
            known.Learn(outcome.WorkerId, failed);
            return known;
        });
        usualRuns = (usualRuns * MemoryOfUsual) + 1;
        usualFailures = (usualFailures * MemoryOfUsual) + (failed ? 1 : 0);
    }

    /// <summary>A test that goes on failing on a worker is one complaint, so only what follows a run that did not fail there is counted.</summary>
    private void Judge(string workerId, FailureRecord record, bool failed)
    {
        var (runs, failures) = record.Without(workerId);
        if (runs < RunsElsewhere)
            return;

        var suspect = suspects[workerId];
        var others = fleet.Without(suspect.Part.Faded(judged - suspect.JudgedAt));
        // If tests fail more often than expected on the others too, as after a change that breaks many, no single worker is to blame.
        var expected = (failures + (WorthOfUsual * usualFailures / usualRuns)) / (runs + WorthOfUsual);
        var expectedNow = Math.Min(1, expected * Math.Max(1, others.Ratio));
        var part = suspect.Part.Faded(judged - suspect.JudgedAt + 1).With(failed, expected);
        fleet = fleet.After(failed, expected);
        judged++;
        suspects.Change(workerId, known => new Suspect(known.Own.After(failed, expectedNow), part, judged));
        Notice(workerId, suspects[workerId].Own);
    }

    private void Notice(string workerId, FailureTally tally)
    {
        if (tally.LeastRatio > Noticeable)
            noticed.Change(workerId, _ => tally.Excess);
        else
            noticed.Remove(workerId);
    }

    /// <summary>What is known of a worker.</summary>
    /// <param name="Own">Its own runs, of which older ones lose weight with each of its own.</param>
    /// <param name="Part">Its part of what the whole fleet did last, as it was</param>
    /// <param name="JudgedAt">after so many judged runs.</param>
    private readonly record struct Suspect(FailureTally Own, FailureTally Part, long JudgedAt);
}
