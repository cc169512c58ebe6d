namespace LoadBalancer.Placement;

/// <summary>
/// Runs with equal requirements. Who could ever run them is the same for all, so it is worked out once, and again for one worker when
/// that worker changes.
/// </summary>
internal sealed class Shape(Needs needs, Fleet fleet)
{
    private const byte Passes = byte.MaxValue;

    private readonly int[] refusedFor = new int[(int)RefusalCode.Slots + 1];
    private byte[] verdicts = [];
    private string? impossibleBecause;
    private ulong capableKinds;
    private int capableKindsAt = -1;

    public Needs Needs { get; } = needs;

    /// <summary>Waiting runs of this shape.</summary>
    public int Runs { get; set; }

    /// <summary>Whether it is among those that are kept although nothing of them may wait.</summary>
    public bool IsSpare { get; set; }

    /// <summary>Registered workers that could run it when empty.</summary>
    public WorkerSet Capable { get; } = new();

    /// <summary>Kinds of which a member is capable, one bit each.</summary>
    public ulong CapableKinds
    {
        get
        {
            if (capableKindsAt == fleet.Version)
                return capableKinds;

            (capableKinds, capableKindsAt) = (0, fleet.Version);
            foreach (var kind in fleet.Kinds.All)
                capableKinds |= Capable.Overlaps(kind.Members) ? kind.Bit : 0;
            return capableKinds;
        }
    }

    /// <summary>The pass in which nobody had room for one more of it.</summary>
    public long BlockedIn { get; set; }

    /// <summary>Why the others could not, each counted once.</summary>
    public IEnumerable<(RefusalCode Code, int Workers)> Refused
    {
        get
        {
            for (var code = 0; code < refusedFor.Length; code++)
            {
                if (refusedFor[code] > 0)
                    yield return ((RefusalCode)code, refusedFor[code]);
            }
        }
    }

    public static Shape Of(Needs needs, Fleet fleet)
    {
        var shape = new Shape(needs, fleet);
        foreach (var worker in fleet.Workers)
            shape.Examine(worker);

        return shape;
    }

    /// <summary>Looks at a worker that is new or has changed.</summary>
    public void Examine(RegisteredWorker worker)
    {
        Overlook(worker);
        var failed = Check.FirstFailed(CapabilityChecks.All, Needs, worker);
        Capable.Set(worker.Index, failed is null);
        if (failed is not null)
        {
            verdicts[worker.Index] = (byte)failed.Code;
            refusedFor[(int)failed.Code]++;
        }
    }

    /// <summary>Forgets what was found about a worker.</summary>
    public void Overlook(RegisteredWorker worker)
    {
        impossibleBecause = null;
        if (worker.Index >= verdicts.Length)
        {
            var known = verdicts.Length;
            Array.Resize(ref verdicts, Math.Max(worker.Index + 1, known * 2));
            verdicts.AsSpan(known).Fill(Passes);
        }

        if (verdicts[worker.Index] != Passes)
            refusedFor[verdicts[worker.Index]]--;

        verdicts[worker.Index] = Passes;
        Capable.Set(worker.Index, false);
    }

    /// <summary>
    /// The capable workers without those to avoid, unless nobody else who is capable takes work: a worker that is lost or drained may not
    /// come back for long, and a retry in the same place beats waiting for it.
    /// </summary>
    public WorkerSet Allowed(IReadOnlyList<string> avoid, Fleet fleet)
    {
        if (avoid.Count == 0)
            return Capable;

        var avoided = new WorkerSet();
        foreach (var worker in avoid.Select(fleet.Find).OfType<RegisteredWorker>())
            avoided.Set(worker.Index, true);

        var others = Capable.Except(avoided);
        return others.Overlaps(fleet.Accepting) ? others : Capable;
    }

    /// <summary>Why nobody could ever run it; worked out when first asked, and again after the fleet has changed.</summary>
    public string ImpossibleBecause(Fleet fleet) => impossibleBecause ??= NearestMiss.WhyImpossible(this, fleet);
}
