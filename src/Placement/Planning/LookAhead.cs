namespace LoadBalancer.Placement;

/// <summary>
/// Attempts that are about to end, each of which one run may follow: it is handed to the worker before, so that the way of the messages
/// (a report, a commit, an assignment) is no idle time. For a pass, such a worker looks as if it had free what the attempt holds, and
/// nothing else. Only where the attempt has surely ended soon: what is bound early cannot make way for something more urgent.
/// </summary>
/// <param name="fleet">Whose workers are offered.</param>
/// <param name="ledger">Who holds what.</param>
/// <param name="holds">A worker that is kept for a run is offered to nobody.</param>
/// <param name="horizon">How long before the late end of an attempt its successor is looked for; zero for never.</param>
internal sealed class LookAhead(Fleet fleet, ReservationLedger ledger, Holds holds, TimeSpan horizon)
{
    /// <summary>Workers offered in one pass, so that a pass does not cost more the more attempts end.</summary>
    private const int MostOffered = 16;

    private const int MostLooks = 64;

    private readonly PriorityQueue<Occupation, DateTimeOffset> running = new();
    private readonly Queue<Occupation> ending = [];
    private readonly Dictionary<string, Occupation> offered = new(StringComparer.Ordinal);

    /// <summary>An attempt is known to run.</summary>
    public void Note(Occupation started)
    {
        if (horizon > TimeSpan.Zero && started is { Since: { } since, Predicted: { } predicted })
            running.Enqueue(started, since + predicted.P90 - horizon);
    }

    /// <summary>
    /// Opens the workers on which an attempt is about to end, until <see cref="Close"/>. None if no more waits than there are such attempts:
    /// the last ones go where a place is free first.
    /// </summary>
    /// <returns>Whether there are any.</returns>
    public bool Open(DateTimeOffset now, int waiting)
    {
        while (running.TryPeek(out var due, out var at) && at <= now)
        {
            ending.Enqueue(due);
            running.Dequeue();
        }

        for (var looks = Math.Min(ending.Count, MostLooks); looks > 0; looks--)
        {
            var attempt = ending.Dequeue();
            if (IsEnding(attempt, now))
                ending.Enqueue(attempt);
        }

        if (waiting > ending.Count)
            Offer();
        return offered.Count > 0;
    }

    /// <summary>The attempt whose place is offered on a worker; null if what is free there is free.</summary>
    public Occupation? OfferedOn(string workerId) => offered.GetValueOrDefault(workerId);

    /// <summary>
    /// The place has been taken, and the worker looks as it is. It is not offered again, even if that is taken back: whoever left did so since
    /// the attempt did not end.
    /// </summary>
    public void Taken(string workerId)
    {
        offered.Remove(workerId);
        fleet.Use(workerId, ledger.UsedOn(workerId));
    }

    public void Close()
    {
        foreach (var (workerId, attempt) in offered)
        {
            fleet.Use(workerId, ledger.UsedOn(workerId));
            ending.Enqueue(attempt);
        }

        offered.Clear();
    }

    private void Offer()
    {
        for (var looks = Math.Min(ending.Count, MostLooks); looks > 0 && offered.Count < MostOffered; looks--)
        {
            var attempt = ending.Dequeue();
            if (fleet.Find(attempt.Reservation.WorkerId) is not { } worker || !MayBeOffered(worker, attempt))
            {
                ending.Enqueue(attempt);
                continue;
            }

            offered.Add(worker.Id, attempt);
            fleet.Use(worker.Id, AllBut(attempt.Reservation, worker.Profile));
        }
    }

    private bool IsEnding(Occupation attempt, DateTimeOffset now) => ledger.Runs(attempt) && attempt.EndsLateAt(now) <= now + horizon;

    private bool MayBeOffered(RegisteredWorker worker, Occupation attempt) =>
        worker.Profile.Accepting && !offered.ContainsKey(worker.Id) && holds.On(worker.Id) is null
        && ledger.PredecessorOf(attempt) is null && worker.Free is { Slots: >= 0, MemoryGb: >= 0, CpuCores: >= 0, DiskGb: >= 0 };

    /// <summary>All of the worker but what one attempt holds.</summary>
    private static Usage AllBut(Reservation held, WorkerProfile worker)
    {
        var free = held.Devices.ToDictionary(device => device.Id, device => device.Share, StringComparer.Ordinal);
        return new Usage(
            worker.Slots - 1,
            worker.MemoryGb - held.MemoryGb,
            worker.CpuCores - held.CpuCores,
            worker.DiskGb - held.DiskGb,
            worker.Devices.ToDictionary(device => device.Id, device => 1 - free.GetValueOrDefault(device.Id), StringComparer.Ordinal));
    }
}
