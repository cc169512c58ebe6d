namespace LoadBalancer.Placement;

/// <summary>
/// Who waits longest for each key. A run that needs two keys never finds both free while each is taken by others as soon as it is given
/// back; so a key may not be taken by who came much later than the one that waits longest for it and could run. Where that one finds no room,
/// others may have the key meanwhile, on workers that it could not use.
/// </summary>
/// <param name="fleet">Whose workers could run it.</param>
/// <param name="keys">Who needs a closed key waits for that alone.</param>
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
    /// <param name="wanted">The keys.</param>
    /// <param name="shape">Of who would take them.</param>
    public DateTimeOffset LastSubmitted(IReadOnlyList<string> wanted, Shape shape)
    {
        var last = DateTimeOffset.MaxValue;
        for (var i = 0; i < wanted.Count; i++)
        {
            if (byKey.GetValueOrDefault(wanted[i])?.FirstFor(shape) is { } first && first.Demand.SubmittedAt + longestOvertaking < last)
                last = first.Demand.SubmittedAt + longestOvertaking;
        }

        return last;
    }

    public bool Allow(WaitingRun run) =>
        run.Demand.ConcurrencyKeys.Count == 0 || run.Demand.SubmittedAt <= LastSubmitted(run.Demand.ConcurrencyKeys, run.Shape);

    /// <summary>The workers without those that somebody could use who has waited much longer for a key of the run.</summary>
    public WorkerSet Leave(WaitingRun run, WorkerSet allowed)
    {
        foreach (var key in run.Demand.ConcurrencyKeys)
        {
            foreach (var other in byKey.GetValueOrDefault(key)?.Reachable() ?? [])
            {
                if (run.Demand.SubmittedAt <= other.Demand.SubmittedAt + longestOvertaking)
                    break;

                allowed = allowed.Except(other.Shape.Capable);
            }
        }

        return allowed;
    }

    /// <summary>The first key that is left to somebody else, and to whom; null if there is none.</summary>
    public (string Key, WaitingRun For)? LeftToAnother(TestDemand demand, Shape shape)
    {
        foreach (var key in demand.ConcurrencyKeys)
        {
            if (byKey.GetValueOrDefault(key)?.FirstFor(shape) is { } first && demand.SubmittedAt > first.Demand.SubmittedAt + longestOvertaking)
                return (key, first);
        }

        return null;
    }

    /// <summary>Who waits for one key.</summary>
    private sealed class Queue(Fleet fleet, KeyLedger keys)
    {
        /// <summary>Beyond so many that find no room, others are not asked.</summary>
        private const int MostAsked = 32;

        private readonly SortedSet<WaitingRun> runs = new(BySubmission);
        private WaitingRun? oldest;
        private (int Fleet, int Limits) foundAt = NotFound;

        private static (int Fleet, int Limits) NotFound => (-1, -1);

        /// <summary>
        /// Those that a worker which gets work could run and that wait for no closed key, from the one that waits longest; not all, where there
        /// are many.
        /// </summary>
        public IEnumerable<WaitingRun> Reachable()
        {
            if (foundAt != (fleet.Version, keys.Limits))
                (oldest, foundAt) = (runs.FirstOrDefault(IsReachable), (fleet.Version, keys.Limits));

            return oldest is null ? [] : runs.GetViewBetween(oldest, runs.Max!).Take(MostAsked).Where(IsReachable);
        }

        /// <summary>The first of these to whom a run of this shape leaves the key; null if there is none.</summary>
        public WaitingRun? FirstFor(Shape shape)
        {
            foreach (var run in Reachable())
            {
                if (!fleet.Open.Overlaps(shape.Capable.Except(run.Shape.Capable)) || HasRoom(run))
                    return run;
            }

            return null;
        }

        public void Add(WaitingRun run)
        {
            runs.Add(run);
            if (oldest is null || BySubmission.Compare(run, oldest) < 0)
                foundAt = NotFound;
        }

        /// <returns>Whether nobody is left.</returns>
        public bool Remove(WaitingRun run)
        {
            runs.Remove(run);
            if (ReferenceEquals(run, oldest))
                (oldest, foundAt) = (null, NotFound);

            return runs.Count == 0;
        }

        private bool IsReachable(WaitingRun run) => run.Shape.Capable.Overlaps(fleet.Accepting) && !keys.AnyClosed(run.Demand.ConcurrencyKeys);

        private bool HasRoom(WaitingRun run) => run.Shape.Capable.And(fleet.Open).Indexes()
            .Any(index => Check.FirstFailed(CapacityChecks.All, run.Shape.Needs, fleet[index]) is null);
    }
}
