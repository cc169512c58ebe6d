namespace LoadBalancer.Placement;

/// <summary>
/// Finds attempts that were handed out and have not started, and that another worker could start now so much sooner that it is worth the
/// way there. Who was moved once stays: two workers cannot hand a run to and fro.
/// </summary>
internal sealed class Rebalancing(Fleet fleet, ReservationLedger ledger, Holds holds, WaitingRuns waiting, DurationModel durations)
{
    /// <summary>Of the run's own length a move must save at least this part: forecasts are no better than that.</summary>
    private const double LeastPart = 0.1;

    /// <summary>The way back and the way there: a recall, its confirmation, two commits, and an assignment.</summary>
    private static readonly TimeSpan Travel = TimeSpan.FromSeconds(1);

    /// <summary>The moves that gain most, at most one to each worker. Each is proposed once.</summary>
    public IReadOnlyList<Move> Find(DateTimeOffset now, int most)
    {
        if (fleet.Open.IsEmpty)
            return [];

        var found = new List<(Occupation Occupation, Move Move)>();
        foreach (var occupation in ledger.Unstarted)
        {
            if (Best(occupation, now) is { } move)
                found.Add((occupation, move));
        }

        var chosen = found.OrderByDescending(candidate => candidate.Move.Gain).DistinctBy(candidate => candidate.Move.To).Take(most).ToList();
        foreach (var (occupation, _) in chosen)
            occupation.IsRecalled = true;
        return [.. chosen.Select(candidate => candidate.Move)];
    }

    private Move? Best(Occupation occupation, DateTimeOffset now)
    {
        var wait = WaitHere(occupation, now);
        if (occupation is not { Demand: { WasMoved: false } demand, IsRecalled: false, Predicted: { } predicted } || wait <= Travel)
            return null;

        var warmth = durations.Warm.For(demand);
        var (best, soonest) = ((RegisteredWorker?)null, TimeSpan.MaxValue);
        var shape = waiting.ShapeOf(demand.Requirements);
        foreach (var index in shape.Allowed(demand.AvoidWorkers, fleet).And(fleet.Open).Indexes())
        {
            var worker = fleet[index];
            if (worker.Id == occupation.Reservation.WorkerId || holds.On(worker.Id) is not null
                || Check.FirstFailed(CapacityChecks.All, shape.Needs, worker) is not null)
            {
                continue;
            }

            var effort = EffortOn(worker.Id, durations.Predict(demand, worker.Kind.Class), warmth);
            if (effort < soonest)
                (best, soonest) = (worker, effort);
        }

        if (best is null)
            return null;

        var gain = wait + EffortOn(occupation.Reservation.WorkerId, predicted, warmth) - soonest;
        return gain > Travel + (LeastPart * soonest) ? ToMove(occupation, best, gain, now) : null;
    }

    /// <summary>What the run takes there by the measure by which it was placed: less where the worker is prepared for it, more where it may fail.</summary>
    private TimeSpan EffortOn(string workerId, DurationForecast predicted, Warmth warmth) =>
        AdaptivePolicy.Effort(predicted.P50, warmth.SavedOn(workerId, predicted), durations.Failing.ExcessOn(workerId));

    /// <summary>
    /// Who follows an attempt waits for its end. Anything else should have started at once; the longer it has not, the longer it may take yet
    /// (for a waiting time of which nothing is known, what has passed is the best guess of what is to come).
    /// </summary>
    private TimeSpan WaitHere(Occupation occupation, DateTimeOffset now)
    {
        if (ledger.PredecessorOf(occupation) is { } predecessor)
            return predecessor.EndsAt(now) - now;

        return occupation.Since is { } since ? now - since : TimeSpan.Zero;
    }

    private Move ToMove(Occupation occupation, RegisteredWorker to, TimeSpan gain, DateTimeOffset now)
    {
        var from = occupation.Reservation.WorkerId;
        var because = ledger.PredecessorOf(occupation) is { } predecessor
            ? $"run {predecessor.Reservation.RunId}, which it follows there, is not expected to end before {Wording.Number((predecessor.EndsAt(now) - now).TotalSeconds)} s"
            : $"it was handed out {Wording.Number(WaitHere(occupation, now).TotalSeconds)} s ago and has not started";
        return new Move(
            occupation.Owner, from, to.Id, gain,
            $"recalled from {from}: {because}, and {to.Id} could finish it {Wording.Number(gain.TotalSeconds)} s sooner");
    }
}
