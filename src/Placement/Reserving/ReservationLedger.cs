using System.Diagnostics.CodeAnalysis;

namespace LoadBalancer.Placement;

/// <summary>
/// The one place that knows what is held, by whom: (run, attempt) is the owner, and only the owner's release frees it. A successor holds
/// nothing yet; what it will need passes to it in the moment in which the attempt that it follows lets go.
/// </summary>
internal sealed class ReservationLedger
{
    private readonly Dictionary<AttemptId, Occupation> byOwner = [];
    private readonly Dictionary<string, List<Occupation>> byWorker = new(StringComparer.Ordinal);
    private readonly Dictionary<AttemptId, Occupation> successors = [];
    private readonly Dictionary<AttemptId, AttemptId> predecessors = [];
    private readonly Dictionary<AttemptId, Occupation> unstarted = [];

    public KeyLedger Keys { get; } = new();

    /// <summary>Those of which nobody has said that they run.</summary>
    public IReadOnlyCollection<Occupation> Unstarted => unstarted.Values;

    public bool Holds(Guid runId, int attempt) => byOwner.ContainsKey(new AttemptId(runId, attempt));

    /// <summary>Null if the attempt holds nothing.</summary>
    public Occupation? Find(Guid runId, int attempt) => byOwner.GetValueOrDefault(new AttemptId(runId, attempt));

    /// <summary>What is held on the worker now.</summary>
    public IReadOnlyList<Occupation> On(string workerId) => byWorker.TryGetValue(workerId, out var held) ? held : [];

    /// <summary>The same, with who will hold it last: a successor in the place of the attempt that it follows.</summary>
    public IEnumerable<Occupation> LastOn(string workerId) => On(workerId).Select(occupation => SuccessorOf(occupation) ?? occupation);

    public Usage UsedOn(string workerId) => Usage.Of(On(workerId));

    public Occupation? SuccessorOf(Occupation occupation) => successors.GetValueOrDefault(occupation.Owner);

    /// <summary>Whom this attempt still waits for; null if for nobody.</summary>
    public Occupation? PredecessorOf(Occupation occupation) =>
        predecessors.TryGetValue(occupation.Owner, out var predecessor) ? byOwner.GetValueOrDefault(predecessor) : null;

    /// <exception cref="InvalidOperationException">The attempt holds a reservation already.</exception>
    public void Add(Occupation occupation)
    {
        Enter(occupation);
        Occupy(occupation);
    }

    /// <summary>The attempt will hold its reservation from the moment in which its predecessor, which has no other successor, is removed.</summary>
    /// <exception cref="InvalidOperationException">The attempt holds a reservation already, or the predecessor none, or has a successor.</exception>
    public void AddAfter(AttemptId predecessor, Occupation occupation)
    {
        if (!byOwner.ContainsKey(predecessor) || successors.ContainsKey(predecessor))
            throw new InvalidOperationException($"Attempt {predecessor.Attempt} of run {predecessor.RunId} cannot be followed: it holds nothing, or it is followed already.");

        Enter(occupation);
        successors.Add(predecessor, occupation);
        predecessors.Add(occupation.Owner, predecessor);
    }

    /// <summary>The attempt runs. False if it holds nothing or is known to run.</summary>
    public bool Start(Guid runId, int attempt, [NotNullWhen(true)] out Occupation? started)
    {
        if (!unstarted.Remove(new AttemptId(runId, attempt), out started))
            return false;

        // It is not moved any more.
        started.Demand = null;
        return true;
    }

    /// <summary>Whether it still holds what it holds, and is known to run.</summary>
    public bool Runs(Occupation occupation) =>
        !unstarted.ContainsKey(occupation.Owner) && ReferenceEquals(byOwner.GetValueOrDefault(occupation.Owner), occupation);

    /// <summary>What was freed; null if the attempt holds nothing, as after a release that is repeated.</summary>
    public Occupation? Remove(Guid runId, int attempt)
    {
        var owner = new AttemptId(runId, attempt);
        if (!byOwner.Remove(owner, out var occupation))
            return null;

        unstarted.Remove(owner);
        if (predecessors.Remove(owner, out var predecessor))
            successors.Remove(predecessor);
        else
            Vacate(occupation);

        if (successors.Remove(owner, out var successor))
        {
            predecessors.Remove(successor.Owner);
            // A successor whose own predecessor goes first has run already; it still waits for that one's place.
            if (predecessor != default)
                Follow(predecessor, successor);
            else
                Occupy(successor);
        }

        return occupation;
    }

    private void Follow(AttemptId predecessor, Occupation successor)
    {
        successors.Add(predecessor, successor);
        predecessors.Add(successor.Owner, predecessor);
    }

    private void Enter(Occupation occupation)
    {
        if (!byOwner.TryAdd(occupation.Owner, occupation))
        {
            throw new InvalidOperationException(
                $"Attempt {occupation.Owner.Attempt} of run {occupation.Owner.RunId} holds a reservation already.");
        }

        unstarted.Add(occupation.Owner, occupation);
    }

    private void Occupy(Occupation occupation)
    {
        var reservation = occupation.Reservation;
        if (!byWorker.TryGetValue(reservation.WorkerId, out var held))
            byWorker[reservation.WorkerId] = held = [];

        held.Add(occupation);
        Keys.Hold(reservation);
    }

    private void Vacate(Occupation occupation)
    {
        var reservation = occupation.Reservation;
        var held = byWorker[reservation.WorkerId];
        held.Remove(occupation);
        if (held.Count == 0)
            byWorker.Remove(reservation.WorkerId);

        Keys.Free(reservation);
    }
}
