using System.Globalization;

namespace LoadBalancer.Placement;

/// <summary>Says why a run waits, from the very checks and sets by which it is placed.</summary>
internal sealed class Explainer(Fleet fleet, KeyLedger keys, KeyWaiters keyWaiters, Holds holds, RelaxationSearch relaxations, EndEstimate ends)
{
    private const int LongestSentence = 400;

    /// <param name="demand">The run, or one that might be submitted.</param>
    /// <param name="shape">Its requirements.</param>
    /// <param name="run">As it waits; null if it does not.</param>
    /// <param name="now">The caller's time.</param>
    public WaitExplanation Explain(TestDemand demand, Shape shape, WaitingRun? run, DateTimeOffset now)
    {
        var feasible = shape.Capable.Count;
        var blocker = BlockerOf(demand, shape, run, now) is { } found ? Wording.Shortened(found, LongestSentence) : null;
        var verdict = feasible == 0
            ? $"can never run as things are: {blocker}"
            : $"will run, waiting: {blocker ?? "for its turn"}";
        return new WaitExplanation(Funnel(demand, shape), blocker, verdict, feasible)
        {
            Relaxation = run is null ? null : relaxations.Find(run, now),
            Hints = TypingErrors.In(shape.Needs, [.. fleet.Workers]),
            Eta = ends.Of(demand, shape, run, now),
        };
    }

    public Prospects ProspectsOf(TestDemand demand, Shape shape, WaitingRun? run, DateTimeOffset now, bool withEta) =>
        new(shape.Capable.Count, withEta ? ends.Of(demand, shape, run, now) : null)
        {
            Impossible = shape.Capable.IsEmpty ? Wording.Shortened(shape.ImpossibleBecause(fleet), LongestSentence) : null,
        };

    private List<FunnelCount> Funnel(TestDemand demand, Shape shape)
    {
        var left = fleet.Workers.ToList();
        var funnel = new List<FunnelCount> { new("known", left.Count) };
        Narrow(CapabilityChecks.All);
        if (demand.AvoidWorkers.Count > 0)
        {
            var allowed = shape.Allowed(demand.AvoidWorkers, fleet);
            left.RemoveAll(worker => !allowed.Contains(worker.Index));
            funnel.Add(new FunnelCount(RefusalCode.Avoided.InCamelCase(), left.Count));
        }

        Narrow(CapacityChecks.All);
        return funnel;

        void Narrow(Check[] checks)
        {
            foreach (var check in checks)
            {
                var refused = left.RemoveAll(worker => check.Shortfall(shape.Needs, worker) > 0);
                if (refused > 0 || check.IsAsked(shape.Needs))
                    funnel.Add(new FunnelCount(check.Code.InCamelCase(), left.Count));
            }
        }
    }

    private string? BlockerOf(TestDemand demand, Shape shape, WaitingRun? run, DateTimeOffset now)
    {
        if (shape.Capable.IsEmpty)
            return shape.ImpossibleBecause(fleet);

        if (demand.NotBefore > now)
            return $"it is tried again at {demand.NotBefore.Value.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC";

        if (keys.FirstTaken(demand.ConcurrencyKeys) is { } key)
            return HoldersOf(key);

        if (keyWaiters.LeftToAnother(demand, shape) is { } left)
            return $"key '{left.Key}' is left to run {left.For.Demand.RunId}, which has waited much longer";

        if (run?.PassedOver is { } later)
            return later.Reason;

        var allowed = shape.Allowed(demand.AvoidWorkers, fleet).Indexes().Select(index => fleet[index]);
        var nearest = NearestMiss.Among(allowed, CapacityChecks.All, shape.Needs);
        if (nearest is { Failed.Count: > 0 })
            return $"nearest is {nearest.Describe(shape.Needs)}";

        return nearest is not null && holds.On(nearest.Worker.Id) is { } hold && !ReferenceEquals(hold.Run, run)
            ? $"worker {hold.WorkerId} is kept for run {hold.Run.Demand.RunId}, which needs more of it than is free"
            : null;
    }

    private string HoldersOf(string key)
    {
        var holders = keys.HoldersOf(key).Select(holder => $"run {holder.RunId} on {holder.WorkerId}").ToList();
        return holders.Count == 0
            ? $"key '{key}' is closed: its limit is 0"
            : $"key '{key}' is held by {string.Join(", ", holders)} (limit {keys.LimitOf(key)})";
    }
}
