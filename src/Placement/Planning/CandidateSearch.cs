using System.Numerics;

namespace LoadBalancer.Placement;

/// <summary>
/// Who can take a run now. Of a large idle fleet only some are offered, of each kind about as many: the rest are like them, and a decision
/// must not cost more the more workers are idle. Half of these follow whoever was chosen last, so that turns are kept; the others go round,
/// those on which nothing runs before those that are half full. Who is prepared for the run is like nobody else and always offered.
/// </summary>
internal sealed class CandidateSearch(Fleet fleet, Holds holds, Outlook outlook, DurationModel durations)
{
    private const int Most = 64, FewestOfKind = 2;

    private readonly DurationForecast[] forecasts = new DurationForecast[WorkerKind.Most];
    private readonly int[] turns = new int[WorkerKind.Most];
    private readonly int[] rounds = new int[WorkerKind.Most];

    /// <param name="run">The run to place.</param>
    /// <param name="allowed">Capable workers that it may use.</param>
    /// <param name="policy">Whose turns are told.</param>
    /// <param name="busy">Where workers without room are counted, by refusal.</param>
    /// <param name="pass">The pass in which it is placed.</param>
    /// <param name="heldOff">Whether a worker that has room is kept for another run.</param>
    public List<Candidate> Find(WaitingRun run, WorkerSet allowed, string policy, int[] busy, Pass pass, out bool heldOff)
    {
        var look = new Look(run, policy, busy, pass, durations.Warm.For(run.Demand), durations.Failing.Any);
        var open = allowed.And(fleet.Open);
        if (open.Count <= Most)
            Offer(open, from: 0, int.MaxValue, look);
        else
            OfferSome(open, look);

        heldOff = look.HeldOff;
        return look.Candidates;
    }

    /// <summary>This worker was chosen: the next turn is that of the one after it.</summary>
    public void Chosen(RegisteredWorker worker) => turns[worker.Kind.Index] = worker.Index + 1;

    private void OfferSome(WorkerSet open, Look look)
    {
        foreach (var id in look.Warmth.MostRecent())
        {
            if (fleet.Find(id) is not { } worker || !open.Contains(worker.Index))
                continue;

            open.Set(worker.Index, false);
            Consider(worker, look);
        }

        var kinds = look.Run.Shape.CapableKinds & fleet.Kinds.Open;
        var ofEach = Math.Max(FewestOfKind, Most / Math.Max(1, BitOperations.PopCount(kinds)));
        for (; kinds != 0; kinds &= kinds - 1)
            OfferOf(fleet.Kinds.All[BitOperations.TrailingZeroCount(kinds)], open, ofEach, look);
    }

    private void OfferOf(WorkerKind kind, WorkerSet open, int most, Look look)
    {
        var members = open.And(kind.Members);
        var end = look.Candidates.Count + most;
        Offer(members, turns[kind.Index], end - (most / 2), look);
        var idle = members.And(fleet.Idle);
        rounds[kind.Index] = Offer(idle, rounds[kind.Index], end, look);
        rounds[kind.Index] = Offer(members.Except(fleet.Idle), rounds[kind.Index], end, look);
    }

    /// <summary>Offers those that have room, and takes them out of the set with all that were looked at, until there are so many candidates.</summary>
    /// <returns>The index after the last one that was offered.</returns>
    private int Offer(WorkerSet among, int from, int candidates, Look look)
    {
        var (next, after) = (from, from);
        for (var left = among.Count; left > 0 && look.Candidates.Count < candidates; left--)
        {
            var index = among.FirstFrom(after);
            after = index + 1;
            among.Set(index, false);
            if (Consider(fleet[index], look))
                next = after;
        }

        return next;
    }

    private bool Consider(RegisteredWorker worker, Look look)
    {
        var (run, kind) = (look.Run, worker.Kind);
        if (Check.FirstFailed(CapacityChecks.All, run.Shape.Needs, worker) is { } failed)
        {
            look.Busy[(int)failed.Code]++;
            return false;
        }

        if ((look.Predicted & kind.Bit) == 0)
        {
            look.Predicted |= kind.Bit;
            forecasts[kind.Index] = durations.Predict(run.Demand, kind.Class);
        }

        var forecast = forecasts[kind.Index];
        if (!holds.IsEmpty && !holds.Allow(run, worker, forecast.P90, look.Pass.Now))
        {
            look.Busy[(int)RefusalCode.HeldForAnother]++;
            look.HeldOff = true;
            return false;
        }

        look.Candidates.Add(new Candidate(
            worker.Profile, worker.Free, fleet.FitOf(run.Shape.Needs, worker), forecast, worker.Turns.GetValueOrDefault(look.Policy))
        {
            Price = outlook.PriceOf(kind.Index),
            Saved = look.Warmth.SavedOn(worker.Id, forecast),
            FailureExcess = look.AnyFailing ? durations.Failing.ExcessOn(worker.Id) : 0,
        });
        return true;
    }

    /// <summary>One search: what is asked, and what was found so far.</summary>
    private sealed class Look(WaitingRun run, string policy, int[] busy, Pass pass, Warmth warmth, bool anyFailing)
    {
        public WaitingRun Run => run;

        public string Policy => policy;

        public int[] Busy => busy;

        public Pass Pass => pass;

        public Warmth Warmth => warmth;

        public bool AnyFailing => anyFailing;

        public List<Candidate> Candidates { get; } = [];

        /// <summary>Kinds for which the run was predicted, one bit each.</summary>
        public ulong Predicted { get; set; }

        public bool HeldOff { get; set; }
    }
}
