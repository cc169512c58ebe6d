using System.Text.Json;
using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using LoadBalancer.Scheduler.Dispatch;

namespace LoadBalancer.Cli.Simulation;

/// <summary>Which workers of a fleet could run a test when empty: asked of the planner, once for equal requirements.</summary>
internal sealed class CapableKinds(IReadOnlyList<FleetLine> fleet)
{
    /// <summary>Two lines of a fleet are two kinds, however equal they are, and comparing all they hold would take long.</summary>
    private static readonly IEqualityComparer<FleetLine> SameLine = ReferenceEqualityComparer.Instance;

    private readonly List<(FleetLine Kind, Planner Judge)> judges = [.. fleet.Select(kind => (kind, Judge(kind)))];
    private readonly Dictionary<string, IReadOnlySet<FleetLine>> known = new(StringComparer.Ordinal);

    public IReadOnlySet<FleetLine> Of(SubmitTest test)
    {
        var key = JsonSerializer.Serialize(test.Requirements);
        if (!known.TryGetValue(key, out var capable))
            known[key] = capable = judges.Where(judge => CouldRun(judge.Judge, test)).Select(judge => judge.Kind).ToHashSet(SameLine);

        return capable;
    }

    /// <summary>A planner that knows only this worker.</summary>
    private static Planner Judge(FleetLine kind)
    {
        var planner = new Planner(new PolicySet(), new DurationModel(), new Random(0));
        planner.Register(kind.Profile(kind.WorkerId, accepting: true));
        return planner;
    }

    private static bool CouldRun(Planner judge, SubmitTest test) =>
        judge.Explain(Demands.Of(test, Guid.Empty, default), default).FeasibleWorkers > 0;
}
