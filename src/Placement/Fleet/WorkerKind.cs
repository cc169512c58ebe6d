namespace LoadBalancer.Placement;

/// <summary>
/// Workers that are alike as far as a choice between runs depends on it: of one class, with the same hardware and abilities. What is
/// predicted, priced and compared is a kind; only the last choice is between workers.
/// </summary>
/// <param name="index">Its bit in a set of kinds; stays as long as the kinds are not drawn anew.</param>
/// <param name="workerClass">By which durations are predicted.</param>
/// <param name="firstOfClass">The first kind of that class, for which a run is predicted to take as long.</param>
internal sealed class WorkerKind(int index, string workerClass, int firstOfClass)
{
    /// <summary>As many as a set of kinds has bits.</summary>
    public const int Most = 64;

    public int Index { get; } = index;

    public string Class { get; } = workerClass;

    public int FirstOfClass { get; } = firstOfClass;

    public ulong Bit { get; } = 1UL << index;

    public WorkerSet Members { get; } = new();

    /// <summary>Slots of members that get new work, used or not.</summary>
    public int Slots { get; set; }

    /// <summary>Members that get new work and have a slot free.</summary>
    public int Open { get; set; }
}
