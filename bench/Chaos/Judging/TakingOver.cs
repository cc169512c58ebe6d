namespace LoadBalancer.Chaos.Judging;

/// <summary>
/// How long it takes until another scheduler leads: from the moment at which the leader was killed or frozen until the next one said that
/// it is ready. It is measured where nothing else was in the way: broker and database answered all the time, and so did a standby.
/// </summary>
internal static class TakingOver
{
    public static IReadOnlyList<Takeover> Of(Evidence evidence) =>
        [.. evidence.Leaderships.Zip(evidence.Leaderships.Skip(1), (before, after) => Between(before, after, evidence))];

    private static Takeover Between(Leadership before, Leadership after, Evidence evidence)
    {
        // It has said that it leads once more after those that it got over.
        var ended = evidence.Outages
            .Where(outage => outage.Server == before.Scheduler && outage.AnsweredAgain > before.LastSeen && outage.Began < after.ReadyAt)
            .Select(outage => (double?)outage.Began)
            .Min();
        var isMeasured = ended is { } from && IsUndisturbed(evidence, before.Scheduler, from, after.ReadyAt);
        return new Takeover(before.Scheduler, after.Scheduler, after.ReadyAt, isMeasured ? after.ReadyAt - ended : null);
    }

    private static bool IsUndisturbed(Evidence evidence, string leader, double from, double to)
    {
        var away = evidence.Outages.Where(outage => outage.Began < to && outage.AnsweredAgain > from).Select(outage => outage.Server).ToHashSet();
        return away.IsSubsetOf(evidence.Schedulers) && evidence.Schedulers.Any(scheduler => scheduler != leader && !away.Contains(scheduler));
    }
}

/// <param name="From">Who led.</param>
/// <param name="To">Who leads now.</param>
/// <param name="ReadyAt">Since then.</param>
/// <param name="Seconds">Null where it cannot be measured, since the leader was not hurt, or more than the leader was.</param>
internal sealed record Takeover(string From, string To, double ReadyAt, double? Seconds);
