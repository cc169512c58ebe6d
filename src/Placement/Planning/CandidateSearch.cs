namespace LoadBalancer.Placement;

/// <summary>
/// Who can take a run now. Of a large idle fleet only some are offered, of each kind about as many, beginning after the worker that was offered
/// last: the rest are like them, and a decision must not cost more the more workers are idle.
/// </summary>
internal sealed class CandidateSearch(Fleet fleet, Holds holds, Outlook outlook, DurationModel durations)
{
    private const int Most = 64;

    private readonly DurationForecast[] forecasts = new DurationForecast[WorkerKind.Most];
    private readonly int[] offered = new int[WorkerKind.Most];
    private int next;

    /// <param name="run">The run to place.</param>
    /// <param name="allowed">Capable workers that it may use.</param>
    /// <param name="policy">Whose turns are told.</param>
    /// <param name="busy">Where workers without room are counted, by refusal.</param>
    /// <param name="pass">The pass in which it is placed.</param>
    /// <param name="heldOff">Whether a worker that has room is kept for another run.</param>
    public List<Candidate> Find(WaitingRun run, WorkerSet allowed, string policy, int[] busy, Pass pass, out bool heldOff)
    {
        heldOff = false;
        Array.Clear(offered);
        var predicted = 0UL;
        var warmth = durations.Warm.For(run.Demand);
        var anyFailing = durations.Failing.Any;
        var candidates = new List<Candidate>();
        var open = allowed.And(fleet.Open);
        var left = open.Count;
        var perKind = left <= Most ? int.MaxValue : Math.Max(4, Most / fleet.Kinds.All.Count);
        for (var after = next; left > 0; left--)
        {
            var index = open.FirstFrom(after);
            after = index + 1;
            var worker = fleet[index];
            var kind = worker.Kind;
            if (offered[kind.Index] >= perKind)
                continue;

            if (Check.FirstFailed(CapacityChecks.All, run.Shape.Needs, worker) is { } failed)
            {
                busy[(int)failed.Code]++;
                continue;
            }

            if ((predicted & kind.Bit) == 0)
            {
                predicted |= kind.Bit;
                forecasts[kind.Index] = durations.Predict(run.Demand, kind.Class);
            }

            var forecast = forecasts[kind.Index];
            if (!holds.IsEmpty && !holds.Allow(run, worker, forecast.P90, pass.Now))
            {
                busy[(int)RefusalCode.HeldForAnother]++;
                heldOff = true;
                continue;
            }

            offered[kind.Index]++;
            candidates.Add(new Candidate(worker.Profile, worker.Free, fleet.FitOf(run.Shape.Needs, worker), forecast, worker.Turns.GetValueOrDefault(policy))
            {
                Price = outlook.PriceOf(kind.Index),
                Saved = warmth.SavedOn(worker.Id, forecast),
                FailureExcess = anyFailing ? durations.Failing.ExcessOn(worker.Id) : 0,
            });
            if (candidates.Count == Most && perKind != int.MaxValue)
            {
                next = index + 1;
                break;
            }
        }

        return candidates;
    }
}
