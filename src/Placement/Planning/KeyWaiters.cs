namespace LoadBalancer.Placement;

/// <summary>
/// Who waits longest for each key. A run that needs two keys never finds both free while each is taken by others as soon as it is given
/// back; so a key may not be taken by who came much later than the one that waits longest for it and could run.
/// </summary>
/// <param name="fleet">Whose workers could run it.</param>
/// <param name="keys">Which keys are closed: who needs one of these could not run, however long he has waited.</param>
/// <param name="longestOvertaking">What came this much later may not take the key.</param>
internal sealed class KeyWaiters(Fleet fleet, KeyLedger keys, TimeSpan longestOvertaking)
{
    private static readonly Comparer<WaitingRun> BySubmission = Comparer<WaitingRun>.Create(
        (left, right) => (left.Demand.SubmittedAt, left.Number).CompareTo((right.Demand.SubmittedAt, right.Number)));

    private readonly Dictionary<string, Queue> byKey = new(StringComparer.Ordinal);

    public void Add(WaitingRun run)
    {
        foreach (var key in run.Demand.ConcurrencyKeys)
        {
            if (!byKey.TryGetValue(key, out var queue))
                byKey[key] = queue = new Queue(fleet, keys);

            queue.Add(run);
        }
    }

    public void Remove(WaitingRun run)
    {
        foreach (var key in run.Demand.ConcurrencyKeys)
        {
            if (byKey.TryGetValue(key, out var queue) && queue.Remove(run))
                byKey.Remove(key);
        }
    }

    /// <summary>What was submitted later may not take all of these keys.</summary>
    public DateTimeOffset LastSubmitted(IReadOnlyList<string> keys)
    {
        var last = DateTimeOffset.MaxValue;
        for (var i = 0; i < keys.Count; i++)
        {
            if (byKey.GetValueOrDefault(keys[i])?.Oldest is { } oldest && oldest.Demand.SubmittedAt + longestOvertaking < last)
                last = oldest.Demand.SubmittedAt + longestOvertaking;
        }

        return last;
    }

    public bool Allow(TestDemand demand) => demand.ConcurrencyKeys.Count == 0 || demand.SubmittedAt <= LastSubmitted(demand.ConcurrencyKeys);

    /// <summary>The first key that is left to somebody else, and to whom; null if there is none.</summary>
    public (string Key, WaitingRun For)? LeftToAnother(TestDemand demand)
    {
        foreach (var key in demand.ConcurrencyKeys)
        {
            if (byKey.GetValueOrDefault(key)?.Oldest is { } oldest && demand.SubmittedAt > oldest.Demand.SubmittedAt + longestOvertaking)
                return (key, oldest);
        }

        return null;
    }

    /// <summary>Who waits for one key.</summary>
    private sealed class Queue(Fleet fleet, KeyLedger keys)
    {
        private static readonly (int, int) Never = (-1, -1);

        private readonly SortedSet<WaitingRun> runs = new(BySubmission);
        private WaitingRun? oldest;
        private (int Fleet, int Limits) foundAt = Never;

        /// <summary>The one that waits longest of those that could run on a worker which gets work; null if there is none.</summary>
        public WaitingRun? Oldest
        {
            get
            {
                if (foundAt != (fleet.Version, keys.Version))
                    (oldest, foundAt) = (runs.FirstOrDefault(CouldRun), (fleet.Version, keys.Version));

                return oldest;
            }
        }

        public void Add(WaitingRun run)
        {
            runs.Add(run);
            if (oldest is null || BySubmission.Compare(run, oldest) < 0)
                foundAt = Never;
        }

        /// <returns>Whether nobody is left.</returns>
        public bool Remove(WaitingRun run)
        {
            runs.Remove(run);
            if (ReferenceEquals(run, oldest))
                (oldest, foundAt) = (null, Never);

            return runs.Count == 0;
        }

        private bool CouldRun(WaitingRun run) => run.Shape.Capable.Overlaps(fleet.Accepting) && !keys.AnyClosed(run.Demand.ConcurrencyKeys);
    }
}
