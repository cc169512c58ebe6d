namespace LoadBalancer.Placement;

/// <summary>The one place that knows what is held, by whom: (run, attempt) is the owner, and only the owner's release frees it.</summary>
internal sealed class ReservationLedger
{
    private readonly Dictionary<(Guid RunId, int Attempt), Occupation> byOwner = [];
    private readonly Dictionary<string, List<Occupation>> byWorker = new(StringComparer.Ordinal);

    public KeyLedger Keys { get; } = new();

    public bool Holds(Guid runId, int attempt) => byOwner.ContainsKey((runId, attempt));

    /// <summary>Null if the attempt holds nothing.</summary>
    public Occupation? Find(Guid runId, int attempt) => byOwner.GetValueOrDefault((runId, attempt));

    public IReadOnlyList<Occupation> On(string workerId) => byWorker.TryGetValue(workerId, out var held) ? held : [];

    public Usage UsedOn(string workerId) => Usage.Of(On(workerId));

    /// <exception cref="InvalidOperationException">The attempt holds a reservation already.</exception>
    public void Add(Occupation occupation)
    {
        var reservation = occupation.Reservation;
        if (!byOwner.TryAdd((reservation.RunId, reservation.Attempt), occupation))
        {
            throw new InvalidOperationException(
                $"Attempt {reservation.Attempt} of run {reservation.RunId} holds a reservation already.");
        }

        if (!byWorker.TryGetValue(reservation.WorkerId, out var held))
            byWorker[reservation.WorkerId] = held = [];

        held.Add(occupation);
        Keys.Hold(reservation);
    }

    /// <summary>What was freed; null if the attempt holds nothing, as after a release that is repeated.</summary>
    public Occupation? Remove(Guid runId, int attempt)
    {
        if (!byOwner.Remove((runId, attempt), out var occupation))
            return null;

        var reservation = occupation.Reservation;
        var held = byWorker[reservation.WorkerId];
        held.Remove(occupation);
        if (held.Count == 0)
            byWorker.Remove(reservation.WorkerId);

        Keys.Free(reservation);
        return occupation;
    }
}
