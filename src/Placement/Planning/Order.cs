namespace LoadBalancer.Placement;

/// <summary>
/// Which run is next. Between priorities waiting decides: a level is worth one step of it. Between runs of one priority, those go first that
/// suit a kind of worker that is free; of these the ones whose submitter has used least for its share; of these a long one that must start now
/// to be done when all else is (the makespan), else the shortest, so that the mean wait is short. Nothing is overtaken by what came more than
/// four steps later.
/// </summary>
internal sealed class Order(Fleet fleet, KeyLedger keys, SubmitterShares shares, Outlook outlook, Lines lines, ArrivalPace pace, OrderOptions options)
{
    /// <summary>A run may end this much later than where it is fastest and still be called well placed.</summary>
    private const float NearlyFastest = 1.1f;

    /// <summary>The scale of the logarithm of a length that is believed as it is: a submitter's guess and the first results.</summary>
    private const double UsualUncertainty = 0.45;

    /// <summary>Submitters whose use for their shares differs by less are equal.</summary>
    private const double EqualUseSeconds = 1;

    private readonly List<Line> placeable = [];
    private readonly List<Line> heldOff = [];

    /// <summary>What came this much later overtakes nothing.</summary>
    public TimeSpan LongestOvertaking => options.LongestOvertaking;

    /// <summary>The next run that a free worker may take; null if there is none.</summary>
    /// <param name="now">The caller's time.</param>
    /// <param name="pass">Lines that are blocked in this pass are not looked at.</param>
    public WaitingRun? Next(DateTimeOffset now, long pass)
    {
        FindPlaceable(pass);
        if (placeable.Count == 0)
            return null;

        var limits = LimitsOf();
        var best = default(Entrant);
        var horizon = PressesFrom(outlook.DrainSeconds(now), now);
        foreach (var line in placeable)
        {
            // Nobody in a line came before its oldest.
            if (line.Name.Priority == limits.Priority && limits.Allow(line.Oldest) && line.Oldest.Demand.SubmittedAt <= LastBesideHeldOff(line))
                Enter(line, limits, horizon, outlook.DrainSeconds(now), ref best);
        }

        return best.Run;
    }

    /// <summary>What was submitted later may not go now: it would overtake too much of what could.</summary>
    /// <param name="pass">As for <see cref="Next"/>.</param>
    public DateTimeOffset LastSubmitted(long pass)
    {
        FindPlaceable(pass);
        return placeable.Count == 0 ? DateTimeOffset.MaxValue : LimitsOf().LastSubmitted;
    }

    /// <summary>In how long all that waited and ran when it was looked at last could be done.</summary>
    public double DrainSeconds(DateTimeOffset now) => outlook.DrainSeconds(now);

    /// <summary>How long a run is at least that goes before shorter ones while so many seconds of work are left for the fleet.</summary>
    public double PressesFrom(double drain, DateTimeOffset at) =>
        drain / (pace.IsQuiet(at) ? options.LongFirst * Certainty() : Math.Min(options.LongFirst, 1));

    /// <summary>Whether shorter runs are to be expected that will go before longer ones.</summary>
    public bool MoreWillCome(DateTimeOffset at) => !pace.IsQuiet(at);

    /// <summary>What a submitter has used, as far as it matters in the order.</summary>
    public static double Rounded(double used) => Math.Floor(used / EqualUseSeconds);

    /// <summary>Keys that whoever could go now leaves to a run that has waited much longer.</summary>
    public IReadOnlyList<LeftKey> LeftKeys()
    {
        List<LeftKey>? left = null;
        foreach (var line in lines.Awake)
        {
            if (line.Name.Keys.Length > 0 && (line.Shape.CapableKinds & fleet.Kinds.Open) != 0
                && keys.FirstTaken(line.Oldest.Demand.ConcurrencyKeys) is null && lines.KeyWaiters.LeftToAnother(line.Oldest.Demand, line.Shape) is { } found)
            {
                (left ??= []).Add(new LeftKey(found.Key, found.For.Demand.RunId, found.For.Demand.SubmittedAt + options.LongestOvertaking));
            }
        }

        return left is null ? [] : [.. left.Distinct()];
    }

    /// <summary>
    /// How much of <see cref="OrderOptions.LongFirst"/> counts: half, where nobody knows well how long is what waits. A run that is started early
    /// for its length and then takes several times as long where it was put costs more than one that is started a little late.
    /// </summary>
    private double Certainty() => Math.Clamp(Math.Pow(UsualUncertainty / Math.Max(outlook.Uncertainty, UsualUncertainty), 3), 0.5, 1);

    private void FindPlaceable(long pass)
    {
        placeable.Clear();
        heldOff.Clear();
        List<(Line Line, string Key)>? closed = null;
        foreach (var line in lines.Awake)
        {
            if (line.HeldOffIn == pass)
                heldOff.Add(line);

            if (line.BlockedIn == pass || line.Shape.BlockedIn == pass || (line.Shape.CapableKinds & fleet.Kinds.Open) == 0)
                continue;

            if (line.Name.Keys.Length > 0 && keys.FirstTaken(line.Oldest.Demand.ConcurrencyKeys) is { } key)
                (closed ??= []).Add((line, key));
            else if (lines.KeyWaiters.Allow(line.Oldest))
                placeable.Add(line);
        }

        foreach (var (line, key) in closed ?? [])
            lines.Sleep(line, key);
    }

    /// <summary>Who makes way for a run for which a worker is kept is not overtaken there for longer than by anybody else.</summary>
    private DateTimeOffset LastBesideHeldOff(Line line)
    {
        var last = DateTimeOffset.MaxValue;
        foreach (var other in heldOff)
        {
            var submitted = other.Oldest.Demand.SubmittedAt;
            if ((other.Shape.CapableKinds & line.Shape.CapableKinds) != 0 && submitted < last)
                last = submitted;
        }

        return last == DateTimeOffset.MaxValue ? last : last + options.LongestOvertaking;
    }

    private Limits LimitsOf()
    {
        var (first, other, submitted) = (placeable[0].Oldest, DateTimeOffset.MaxValue, DateTimeOffset.MaxValue);
        foreach (var line in placeable)
        {
            var oldest = line.Oldest;
            if (oldest.Demand.SubmittedAt < submitted)
                submitted = oldest.Demand.SubmittedAt;

            if (oldest.Turn < first.Turn || (oldest.Turn == first.Turn && line.Name.Priority < first.Demand.Priority))
            {
                if (line.Name.Priority != first.Demand.Priority)
                    other = first.Turn;
                first = oldest;
            }
            else if (line.Name.Priority != first.Demand.Priority && oldest.Turn < other)
            {
                other = oldest.Turn;
            }
        }

        return new Limits(first.Demand.Priority, first, other, submitted + options.LongestOvertaking);
    }

    private void Enter(Line line, Limits limits, double pressing, double drain, ref Entrant best)
    {
        if (line.Name.Keys.Length > 0)
            limits = limits.Until(lines.KeyWaiters.LastSubmitted(line.Oldest.Demand.ConcurrencyKeys, line.Shape));

        if (heldOff.Count > 0)
            limits = limits.Until(LastBesideHeldOff(line));

        var open = line.Shape.CapableKinds & fleet.Kinds.Open;
        var suits = (line.Name.Home & open) != 0;
        if (best.Run is not null && best.Suits && !suits)
            return;

        var kinds = suits ? line.Name.Home & open : open;
        foreach (var (submitter, runs) in line.BySubmitter)
        {
            var used = Rounded(shares.UseOf(submitter));
            if (Pressing(runs, kinds, limits, pressing, drain) is { } longest)
                Consider(new Entrant(longest, suits, Misfit(longest, kinds, suits), used, true), ref best);
            else if (Shortest(runs, limits) is { } shortest)
                Consider(new Entrant(shortest, suits, Misfit(shortest, kinds, suits), used, false), ref best);
        }

        if (best.Run is null)
            Consider(new Entrant(line.Oldest, suits, Misfit(line.Oldest, kinds, suits), double.MaxValue, false), ref best);
    }

    private static void Consider(Entrant entrant, ref Entrant best)
    {
        if (best.Run is null || entrant.IsBefore(best))
            best = entrant;
    }

    private static WaitingRun? Shortest(SortedRuns runs, Limits limits)
    {
        if (limits.Allow(runs.First!))
            return runs.First;

        var few = runs.FirstFew;
        for (var i = 1; i < few.Count; i++)
        {
            if (limits.Allow(few[i]))
                return few[i];
        }

        return null;
    }

    /// <summary>The longest that must start now so as not to end after all else, if it may start on one of the kinds.</summary>
    private static WaitingRun? Pressing(SortedRuns runs, ulong kinds, Limits limits, double pressing, double drain)
    {
        if (SecondsOn(runs.Last!, kinds) < pressing)
            return null;

        var few = runs.LastFew;
        for (var i = 0; i < few.Count; i++)
        {
            var run = few[i];
            var seconds = SecondsOn(run, kinds);
            if (seconds < pressing)
                return null;
            if ((seconds <= drain || seconds <= NearlyFastest * run.Length) && limits.Allow(run))
                return FirstLike(run, runs, limits);
        }

        return null;
    }

    /// <summary>Of runs of one length, the one that has waited longest.</summary>
    private static WaitingRun FirstLike(WaitingRun run, SortedRuns runs, Limits limits)
    {
        var first = runs.FirstFrom(WaitingRun.FirstOf(run.Length), run);
        return limits.Allow(first) ? first : run;
    }

    /// <summary>How much more of the fleet's time it takes on these kinds than where it is at home; 1 is none.</summary>
    private double Misfit(WaitingRun run, ulong kinds, bool suits)
    {
        if (suits)
            return 1;

        var (here, home) = (double.PositiveInfinity, double.PositiveInfinity);
        for (var rest = run.Shape.CapableKinds; rest != 0; rest &= rest - 1)
        {
            var kind = System.Numerics.BitOperations.TrailingZeroCount(rest);
            var cost = run.SecondsOn(kind) * outlook.PriceOf(kind);
            home = Math.Min(home, cost);
            if ((kinds >> kind & 1) != 0)
                here = Math.Min(here, cost);
        }

        return here / home;
    }

    private static float SecondsOn(WaitingRun run, ulong kinds)
    {
        var seconds = float.PositiveInfinity;
        for (var rest = kinds; rest != 0; rest &= rest - 1)
            seconds = Math.Min(seconds, run.SecondsOn(System.Numerics.BitOperations.TrailingZeroCount(rest)));
        return seconds;
    }

    /// <summary>Who may go now.</summary>
    /// <param name="Priority">That of the run whose turn it is.</param>
    /// <param name="First">The run whose turn it is by waiting alone.</param>
    /// <param name="OtherTurn">When the turn of the first run of another priority is.</param>
    /// <param name="LastSubmitted">What came later may not overtake the oldest.</param>
    private readonly record struct Limits(int Priority, WaitingRun First, DateTimeOffset OtherTurn, DateTimeOffset LastSubmitted)
    {
        public bool Allow(WaitingRun run) =>
            ReferenceEquals(run, First) || (run.Turn <= OtherTurn && run.Demand.SubmittedAt <= LastSubmitted);

        public Limits Until(DateTimeOffset submitted) => submitted < LastSubmitted ? this with { LastSubmitted = submitted } : this;
    }

    private readonly record struct Entrant(WaitingRun? Run, bool Suits, double Misfit, double Used, bool Presses)
    {
        public bool IsBefore(Entrant other)
        {
            if (Suits != other.Suits)
                return Suits;
            if (Misfit != other.Misfit)
                return Misfit < other.Misfit;
            if (Used != other.Used)
                return Used < other.Used;
            if (Presses != other.Presses)
                return Presses;

            var order = Presses ? other.Run!.Length.CompareTo(Run!.Length) : Run!.Length.CompareTo(other.Run!.Length);
            if (order == 0)
                order = Run.Turn.CompareTo(other.Run.Turn);
            return order != 0 ? order < 0 : Run.Number < other.Run.Number;
        }
    }
}

/// <summary>How the order leans.</summary>
/// <param name="AgingStep">Waiting that is worth one level of priority.</param>
/// <param name="LongFirst">
/// A run goes before shorter ones as soon as all the work could be done in this many times its own length; once, while submissions keep coming.
/// 0 is always the shortest first, best for the mean time to a result; the more, the earlier long ones start, which is safer for when all are
/// done.
/// </param>
internal sealed record OrderOptions(TimeSpan AgingStep, double LongFirst)
{
    /// <summary>What came this much later overtakes nothing.</summary>
    public TimeSpan LongestOvertaking => 4 * AgingStep;
}
