namespace LoadBalancer.Placement;

/// <summary>
/// When busy workers will be free, in one pass: of each kind the one that is free first. Whoever decides to wait for it takes its place in
/// line, so that the next one looks at what is left; whoever has decided so before stands there already.
/// </summary>
internal sealed class FreeTimes(Fleet fleet, ReservationLedger ledger, Outlook outlook, IReadOnlyList<WaitingRun> patient, DateTimeOffset now)
{
    private readonly PriorityQueue<Place, DateTimeOffset>?[] byKind = new PriorityQueue<Place, DateTimeOffset>?[fleet.Kinds.All.Count];
    private readonly double[] taken = TakenBy(patient, fleet);

    /// <summary>The first worker of the kind that will be free, and when; false if the kind has none of these that gets work.</summary>
    /// <param name="kind">A kind without an open worker.</param>
    /// <param name="allowed">Members of a kind are alike, but not in all that a run may ask for or avoid.</param>
    /// <param name="seconds">How long the run that asks takes there; it does not wait for itself.</param>
    /// <param name="worker">The worker, and</param>
    /// <param name="freeAt">when it will have done what goes before.</param>
    public bool TryFind(WorkerKind kind, WorkerSet allowed, double seconds, out RegisteredWorker worker, out DateTimeOffset freeAt)
    {
        worker = First(byKind[kind.Index] ??= Busy(kind), place => allowed.Contains(place.Worker.Index), out freeAt)?.Worker!;
        freeAt += TimeSpan.FromSeconds(AheadSeconds(kind, seconds));
        return worker is not null;
    }

    /// <summary>Seconds that a slot of the kind has still to work for others that wait.</summary>
    public double AheadSeconds(WorkerKind kind, double seconds) =>
        Math.Max(0, outlook.WorkOf(kind.Index) - taken[kind.Index] - seconds) / kind.Slots;

    /// <summary>A run will wait for this worker.</summary>
    public void Take(RegisteredWorker worker, double seconds)
    {
        var queue = byKind[worker.Kind.Index]!;
        if (First(queue, place => ReferenceEquals(place.Worker, worker), out var freeAt) is { } place && queue.Remove(place, out _, out _))
            queue.Enqueue(place, freeAt + TimeSpan.FromSeconds(seconds));
        taken[worker.Kind.Index] += seconds;
    }

    private static double[] TakenBy(IReadOnlyList<WaitingRun> patient, Fleet fleet)
    {
        var taken = new double[fleet.Kinds.All.Count];
        foreach (var run in patient)
            taken[run.Patience!.Kind.Index] += run.SecondsOn(run.Patience.Kind.Index);
        return taken;
    }

    private static void StandIn(PriorityQueue<Place, DateTimeOffset> queue, double seconds)
    {
        if (queue.TryDequeue(out var place, out var freeAt))
            queue.Enqueue(place, freeAt + TimeSpan.FromSeconds(seconds));
    }

    /// <summary>Most often the first of all suits.</summary>
    private static Place? First(PriorityQueue<Place, DateTimeOffset> queue, Func<Place, bool> suits, out DateTimeOffset freeAt)
    {
        if (queue.TryPeek(out var first, out freeAt) && suits(first))
            return first;

        (first, freeAt) = queue.UnorderedItems.Where(item => suits(item.Element)).OrderBy(item => item.Priority).FirstOrDefault();
        return first;
    }

    private PriorityQueue<Place, DateTimeOffset> Busy(WorkerKind kind)
    {
        var queue = new PriorityQueue<Place, DateTimeOffset>();
        foreach (var index in kind.Members.Indexes())
        {
            var worker = fleet[index];
            if (!worker.Profile.Accepting)
                continue;

            foreach (var occupation in ledger.LastOn(worker.Id))
                queue.Enqueue(new Place(worker), occupation.EndsAt(now));
        }

        foreach (var run in patient)
        {
            if (run.Patience!.Kind == kind)
                StandIn(queue, run.SecondsOn(kind.Index));
        }

        return queue;
    }

    /// <summary>One of those on a worker, each itself.</summary>
    private sealed class Place(RegisteredWorker worker)
    {
        public RegisteredWorker Worker => worker;
    }
}
