namespace LoadBalancer.Placement;

/// <summary>How often one test failed, on each of the workers that ran it last.</summary>
internal sealed class FailureRecord
{
    /// <summary>Workers told apart; the one that ran it longest ago gives way.</summary>
    private const int Workers = 8;

    /// <summary>What remains of a run's weight after each later one on the same worker: a test that breaks is soon known to be broken.</summary>
    private const double Memory = 0.9;

    private readonly List<Tally> tallies = [];

    /// <summary>What is known of it from the other workers.</summary>
    /// <returns>Runs and failures, weighted.</returns>
    public (double Runs, double Failures) Without(string workerId)
    {
        var (runs, failures) = (0.0, 0.0);
        foreach (var tally in tallies)
        {
            if (tally.WorkerId == workerId)
                continue;

            runs += tally.Runs;
            failures += tally.Failures;
        }

        return (runs, failures);
    }

    /// <summary>Whether it failed when this worker ran it last.</summary>
    public bool FailedLastOn(string workerId) => tallies.Exists(tally => tally.WorkerId == workerId && tally.FailedLast);

    public void Learn(string workerId, bool failed)
    {
        var index = tallies.FindIndex(tally => tally.WorkerId == workerId);
        var before = index >= 0 ? tallies[index] : new Tally(workerId, 0, 0, false);
        if (index >= 0)
            tallies.RemoveAt(index);
        else if (tallies.Count == Workers)
            tallies.RemoveAt(0);

        tallies.Add(new Tally(workerId, (before.Runs * Memory) + 1, (before.Failures * Memory) + (failed ? 1 : 0), failed));
    }

    private readonly record struct Tally(string WorkerId, double Runs, double Failures, bool FailedLast);
}
