using System.Globalization;

namespace LoadBalancer.Placement;

/// <summary>
/// Draws the kinds of a fleet. Where it would be more than <see cref="WorkerKind.Most"/>, they are drawn more coarsely: first without labels
/// and exact amounts, then by class alone, and at last what is left over shares one kind.
/// </summary>
internal sealed class WorkerKinds
{
    private readonly Dictionary<string, WorkerKind> byTraits = new(StringComparer.Ordinal);
    private readonly List<WorkerKind> all = [];
    private Grain grain = Grain.Fine;

    private enum Grain
    {
        Fine,
        Abilities,
        Class,
    }

    public IReadOnlyList<WorkerKind> All => all;

    /// <summary>Changes when the kinds were drawn anew, so that an index means another kind.</summary>
    public int Drawing { get; private set; }

    /// <summary>Kinds with an open worker, one bit each.</summary>
    public ulong Open { get; private set; }

    /// <summary>Kinds with slots that get new work, one bit each.</summary>
    public ulong Accepting { get; private set; }

    /// <summary>Gives a worker its kind; if that takes coarser kinds, all of <paramref name="fleet"/> get new ones.</summary>
    public void Enter(RegisteredWorker worker, IEnumerable<RegisteredWorker> fleet)
    {
        if (!TryEnter(worker))
        {
            if (grain < Grain.Class)
                Redraw(fleet);

            if (!TryEnter(worker))
                Join(worker, all[^1]);
        }

        Count(worker, +1);
    }

    public void Leave(RegisteredWorker worker)
    {
        Count(worker, -1);
        worker.Kind.Members.Set(worker.Index, false);
    }

    /// <summary>Counts a worker's slots in its kind, or takes them out before they change.</summary>
    public void Count(RegisteredWorker worker, int sign)
    {
        var kind = worker.Kind;
        if (worker.Profile.Accepting)
            kind.Slots += sign * worker.Profile.Slots;

        if (worker.IsOpen)
            kind.Open += sign;

        Open = kind.Open > 0 ? Open | kind.Bit : Open & ~kind.Bit;
        Accepting = kind.Slots > 0 ? Accepting | kind.Bit : Accepting & ~kind.Bit;
    }

    private bool TryEnter(RegisteredWorker worker)
    {
        var traits = TraitsOf(worker.Profile);
        if (!byTraits.TryGetValue(traits, out var kind))
        {
            if (all.Count == WorkerKind.Most)
                return false;

            var alike = all.FindIndex(other => other.Class == worker.Profile.Class);
            kind = new WorkerKind(all.Count, worker.Profile.Class, alike < 0 ? all.Count : alike);
            all.Add(kind);
            byTraits.Add(traits, kind);
        }

        Join(worker, kind);
        return true;
    }

    private static void Join(RegisteredWorker worker, WorkerKind kind)
    {
        worker.Kind = kind;
        kind.Members.Set(worker.Index, true);
    }

    private void Redraw(IEnumerable<RegisteredWorker> fleet)
    {
        var workers = fleet.ToList();
        do
        {
            if (grain < Grain.Class)
                grain++;

            byTraits.Clear();
            all.Clear();
            (Open, Accepting) = (0, 0);
            Drawing++;
            foreach (var worker in workers)
            {
                if (!TryEnter(worker))
                    Join(worker, all[^1]);
            }
        }
        while (all.Count == WorkerKind.Most && grain < Grain.Class);

        foreach (var worker in workers)
            Count(worker, +1);
    }

    private string TraitsOf(WorkerProfile worker) => grain switch
    {
        Grain.Fine => string.Create(
            CultureInfo.InvariantCulture,
            $"{Abilities(worker)}\n{worker.MemoryGb:g3};{worker.CpuCores:g3};{worker.Slots}\n{Joined(worker.Labels.Select(label => $"{label.Key}={label.Value}"))}"),
        Grain.Abilities => Abilities(worker),
        _ => worker.Class,
    };

    private static string Abilities(WorkerProfile worker) =>
        $"{worker.Class}\n{Joined(worker.Backends)}\n{Joined(worker.Browsers)}\n{Joined(worker.Devices.Select(device => $"{device.Type} {device.Model}"))}";

    private static string Joined(IEnumerable<string> texts) => string.Join(';', texts.Order(StringComparer.Ordinal));
}
