namespace LoadBalancer.Placement;

/// <summary>
/// Runs that wait by choice, each for a kind of worker and up to a moment. They are left out of the passes until a worker of the kind, or
/// of another on which they take less than where they could have gone, is free, the moment has come, the fleet is another one, or they may
/// be overtaken no longer: to ask their policies again at every event would cost more than all other decisions.
/// </summary>
/// <param name="fleet">For whose workers they wait.</param>
/// <param name="waiting">Takes them out of their lines and puts them back.</param>
/// <param name="longestOvertaking">What came this much later ends their waiting.</param>
internal sealed class PatientRuns(Fleet fleet, WaitingRuns waiting, TimeSpan longestOvertaking)
{
    private readonly List<WaitingRun> roused = [];

    /// <summary>When the next of them has waited long enough.</summary>
    public DateTimeOffset? NextEnd => waiting.Patient.Count == 0 ? null : waiting.Patient.Min(run => run.Patience!.Until);

    /// <summary>Whether the run can be left alone until something happens that it waits for.</summary>
    public bool Settle(WaitingRun run)
    {
        // Who waits for a key as well must be seen by the others who want it.
        if (run.Patience is null || run.Demand.ConcurrencyKeys.Count > 0)
            return false;

        waiting.PutAside(run);
        waiting.Patient.Add(run);
        return true;
    }

    /// <summary>Puts back in line whoever has a reason to be looked at again.</summary>
    public void Rouse(DateTimeOffset now)
    {
        roused.Clear();
        for (var i = waiting.Patient.Count - 1; i >= 0; i--)
        {
            var run = waiting.Patient[i];
            if (Rests(run, now))
                continue;

            waiting.Patient.RemoveAt(i);
            run.PassedOver = null;
            waiting.PutBack(run);
            roused.Add(run);
        }
    }

    /// <summary>The worker they were roused for is taken: those that still have time lie down again.</summary>
    public void Resume(DateTimeOffset now)
    {
        for (var i = roused.Count - 1; i >= 0; i--)
        {
            var run = roused[i];
            if (run.Line is not null && !Rests(run, now))
                continue;

            roused.RemoveAt(i);
            if (run.Line is not null)
                Settle(run);
        }
    }

    private bool Rests(WaitingRun run, DateTimeOffset now) =>
        run.Patience is { } patience && (fleet.Kinds.Open & patience.Better) == 0 && now < patience.Until
        && patience.FleetVersion == fleet.Version && waiting.LastSubmitted <= run.Demand.SubmittedAt + longestOvertaking;
}

/// <summary>For whom a run waits by choice.</summary>
/// <param name="Kind">A kind of which no worker is free.</param>
/// <param name="Better">That and all others on which it takes less than on those that were free when it was decided, one bit each.</param>
/// <param name="FleetVersion">The fleet in which these are kinds.</param>
/// <param name="Until">When it no longer pays.</param>
internal sealed record Patience(WorkerKind Kind, ulong Better, int FleetVersion, DateTimeOffset Until);
