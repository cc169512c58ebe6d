namespace LoadBalancer.Placement;

/// <summary>
/// When busy workers will be free, in one pass: of each kind the one that is free first. Whoever decides to wait for it takes its place in
/// line, so that the next one looks at what is left; whoever has decided so before stands there already.
/// </summary>
internal sealed class FreeTimes(Fleet fleet, ReservationLedger ledger, Outlook outlook, IReadOnlyList<WaitingRun> patient, DateTimeOffset now)
{
    private readonly PriorityQueue<RegisteredWorker, DateTimeOffset>?[] byKind = new PriorityQueue<RegisteredWorker, DateTimeOffset>?[fleet.Kinds.All.Count];
    private readonly double[] taken = TakenBy(patient, fleet);

    /// <summary>The first worker of the kind that will be free, and when; false if the kind has none that gets work.</summary>
    /// <param name="kind">A kind without an open worker.</param>
    /// <param name="seconds">How long the run that asks takes there; it does not wait for itself.</param>
    /// <param name="worker">The worker, and</param>
    /// <param name="freeAt">when it will have done what goes before.</param>
    public bool TryFind(WorkerKind kind, double seconds, out RegisteredWorker worker, out DateTimeOffset freeAt)
    {
        var queue = byKind[kind.Index] ??= Busy(kind);
        if (!queue.TryPeek(out worker!, out freeAt))
            return false;

        freeAt += TimeSpan.FromSeconds(AheadSeconds(kind, seconds));
        return true;
    }

    /// <summary>Seconds that a slot of the kind has still to work for others that wait.</summary>
    public double AheadSeconds(WorkerKind kind, double seconds) =>
        Math.Max(0, outlook.WorkOf(kind.Index) - taken[kind.Index] - seconds) / kind.Slots;

    /// <summary>A run will wait for the first worker of this kind.</summary>
    public void Take(WorkerKind kind, double seconds)
    {
        StandIn(byKind[kind.Index]!, seconds);
        taken[kind.Index] += seconds;
    }

    private static double[] TakenBy(IReadOnlyList<WaitingRun> patient, Fleet fleet)
    {
        var taken = new double[fleet.Kinds.All.Count];
        foreach (var run in patient)
            taken[run.Patience!.Kind.Index] += run.SecondsOn(run.Patience.Kind.Index);
        return taken;
    }

    private static void StandIn(PriorityQueue<RegisteredWorker, DateTimeOffset> queue, double seconds)
    {
        if (queue.TryDequeue(out var worker, out var freeAt))
            queue.Enqueue(worker, freeAt + TimeSpan.FromSeconds(seconds));
    }

    private PriorityQueue<RegisteredWorker, DateTimeOffset> Busy(WorkerKind kind)
    {
        var queue = new PriorityQueue<RegisteredWorker, DateTimeOffset>();
        foreach (var index in kind.Members.Indexes())
        {
            var worker = fleet[index];
            if (!worker.Profile.Accepting)
                continue;

            foreach (var occupation in ledger.LastOn(worker.Id))
                queue.Enqueue(worker, occupation.EndsAt(now));
        }

        foreach (var run in patient)
        {
            if (run.Patience!.Kind == kind)
                StandIn(queue, run.SecondsOn(kind.Index));
        }

        return queue;
    }
}
