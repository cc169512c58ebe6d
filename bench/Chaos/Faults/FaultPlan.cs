namespace LoadBalancer.Chaos.Faults;

internal enum FaultKind
{
    /// <summary>SIGKILL, and a new start after the pause.</summary>
    Kill,

    /// <summary>SIGSTOP, and SIGCONT after the pause.</summary>
    Freeze,
}

/// <summary>One fault. <paramref name="At"/> counts from the start of the faults.</summary>
internal sealed record Fault(TimeSpan At, string Target, FaultKind Kind, TimeSpan Pause);

/// <summary>What faults are made of.</summary>
/// <param name="Name">Of the target.</param>
/// <param name="Weight">How often it is chosen, compared with the others.</param>
/// <param name="Boot">The time that it needs to be back after its start.</param>
internal sealed record Victim(string Name, double Weight, TimeSpan Boot)
{
    public double ShareOfKills { get; init; } = 0.7;
}

/// <summary>Which fault comes when: the same for the same seed, duration and targets.</summary>
internal static class FaultPlan
{
    // A broker's queues are safe from SIGKILL only when they are some seconds old.
    private static readonly TimeSpan FirstAt = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(16);
    private static readonly TimeSpan LongestPauseOfKill = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestFreeze = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestFreeze = TimeSpan.FromSeconds(25);

    /// <param name="seed">Chooses.</param>
    /// <param name="duration">No fault begins later.</param>
    /// <param name="targets">All that can be hurt.</param>
    public static IReadOnlyList<Fault> Of(int seed, TimeSpan duration, IReadOnlyList<Victim> targets)
    {
        var random = new Random(seed);
        var faults = new List<Fault>();
        var busyUntil = targets.ToDictionary(target => target.Name, _ => TimeSpan.Zero);
        for (var at = FirstAt; at < duration; at += Between(random, ShortestInterval, LongestInterval))
        {
            var target = Choose(random, [.. targets.Where(target => busyUntil[target.Name] <= at)]);
            var kind = random.NextDouble() < target.ShareOfKills ? FaultKind.Kill : FaultKind.Freeze;
            var pause = kind == FaultKind.Kill
                ? Between(random, TimeSpan.Zero, LongestPauseOfKill)
                : Between(random, ShortestFreeze, LongestFreeze);
            faults.Add(new Fault(at, target.Name, kind, pause));
            busyUntil[target.Name] = at + pause + target.Boot;
        }

        return faults;
    }

    private static Victim Choose(Random random, IReadOnlyList<Victim> targets)
    {
        var point = random.NextDouble() * targets.Sum(target => target.Weight);
        foreach (var target in targets)
        {
            point -= target.Weight;
            if (point < 0)
                return target;
        }

        return targets[^1];
    }

    private static TimeSpan Between(Random random, TimeSpan least, TimeSpan most) =>
        TimeSpan.FromMilliseconds(random.Next((int)least.TotalMilliseconds, (int)most.TotalMilliseconds));
}
