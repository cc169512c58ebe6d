namespace LoadBalancer.Placement;

/// <summary>The worker that comes nearest to taking a run: it fails the fewest checks, and of those the least is missing.</summary>
internal sealed record NearestMiss(RegisteredWorker Worker, IReadOnlyList<Check> Failed, double Missing)
{
    private const int LongestReason = 400;
    private const int ReasonsCounted = 3;

    public static string WhyImpossible(Shape shape, Fleet fleet)
    {
        if (Among(fleet.Workers, CapabilityChecks.All, shape.Needs) is not { } nearest)
            return "no worker is registered";

        var counts = shape.Refused
            .OrderByDescending(refusal => refusal.Workers)
            .Take(ReasonsCounted)
            .Select(refusal => $"{refusal.Workers} {LackOf(refusal.Code, shape.Needs)}");
        var known = $"no registered worker can run it: {fleet.Count} known, {string.Join(", ", counts)}";
        return Wording.Shortened($"{known}; nearest is {nearest.Describe(shape.Needs)}", LongestReason);
    }

    /// <summary>Null if there are no workers. The first of equals, so that the answer does not waver.</summary>
    public static NearestMiss? Among(IEnumerable<RegisteredWorker> workers, Check[] checks, Needs needs) =>
        workers.Select(worker => Of(worker, checks, needs))
            .MinBy(miss => (miss.Failed.Count, miss.Missing));

    /// <summary>The worker and what it lacks, as half a sentence.</summary>
    public string Describe(Needs needs) => $"{Worker.Id}: {string.Join(", ", Failed.Select(check => check.Miss(needs, Worker)))}";

    private static NearestMiss Of(RegisteredWorker worker, Check[] checks, Needs needs)
    {
        var failed = new List<Check>();
        var missing = 0.0;
        foreach (var check in checks)
        {
            var shortfall = check.Shortfall(needs, worker);
            if (shortfall <= 0)
                continue;

            failed.Add(check);
            missing += shortfall;
        }

        return new NearestMiss(worker, failed, missing);
    }

    private static string LackOf(RefusalCode code, Needs needs) => CapabilityChecks.All.First(check => check.Code == code).Lack(needs);
}
