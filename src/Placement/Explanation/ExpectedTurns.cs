namespace LoadBalancer.Placement;

/// <summary>
/// The order in which waiting runs are expected to take a number of places, by the rule of <see cref="Order"/>. Which of them suits which
/// place is not asked: all that could take one of the places stand in one line.
/// </summary>
internal sealed class ExpectedTurns
{
    /// <summary>Of submitters who have used equally little it is not worth to compare more.</summary>
    private const int MostCompared = 64;

    private readonly List<Level> levels;
    private readonly HashSet<WaitingRun> gone = [];
    private readonly Order order;
    private readonly SubmitterShares shares;
    private readonly DateTimeOffset now;
    private readonly double drain;

    /// <param name="runs">Who waits for the places.</param>
    /// <param name="order">Says who presses.</param>
    /// <param name="shares">Says whose submitter has used least.</param>
    /// <param name="now">The caller's time.</param>
    /// <param name="drain">In how many seconds all that waits and runs could be done.</param>
    public ExpectedTurns(IEnumerable<WaitingRun> runs, Order order, SubmitterShares shares, DateTimeOffset now, double drain)
    {
        (this.order, this.shares, this.now, this.drain) = (order, shares, now, drain);
        levels = [.. runs.GroupBy(run => run.Demand.Priority).OrderBy(level => level.Key).Select(level => new Level([.. level], shares))];
    }

    /// <summary>Who goes next, if a place of the kind is free in so many seconds; no longer among those that wait. There must be somebody.</summary>
    public WaitingRun Next(double seconds, int kind)
    {
        var (level, otherTurn, lastSubmitted) = (levels[0], DateTimeOffset.MaxValue, DateTimeOffset.MaxValue);
        foreach (var other in levels)
        {
            var first = other.First;
            if (first.Demand.SubmittedAt < lastSubmitted)
                lastSubmitted = first.Demand.SubmittedAt;
            if (ReferenceEquals(other, level))
                continue;

            if (first.Turn < level.First.Turn)
                (level, otherTurn) = (other, level.First.Turn);
            else if (first.Turn < otherTurn)
                otherTurn = first.Turn;
        }

        lastSubmitted += order.LongestOvertaking;
        var pressing = order.PressesFrom(Math.Max(0, drain - seconds), now + TimeSpan.FromSeconds(seconds));
        var best = default(Entrant);
        foreach (var account in level.InOrderOfUse().Take(MostCompared))
        {
            if (best.Run is not null && account.RoundedUse > best.Account.RoundedUse)
                break;

            if (account.Longest(gone) is { } longest && longest.ExpectedOn(kind) >= pressing && MayGo(longest))
                Consider(new Entrant(longest, account, Presses: true));
            else if (account.Shortest(gone) is { } shortest && MayGo(shortest))
                Consider(new Entrant(shortest, account, Presses: false));
        }

        return Take(level, best.Run is null ? new Entrant(level.First, level.AccountOf(level.First), Presses: false) : best, kind);

        bool MayGo(WaitingRun run) => ReferenceEquals(run, level.First) || (run.Turn <= otherTurn && run.Demand.SubmittedAt <= lastSubmitted);

        void Consider(Entrant entrant) => best = best.Run is null || entrant.IsBefore(best) ? entrant : best;
    }

    private WaitingRun Take(Level level, Entrant entrant, int kind)
    {
        gone.Add(entrant.Run);
        level.Charge(entrant.Account, entrant.Run.ExpectedOn(kind) / shares.WeightOf(entrant.Account.Submitter), gone);
        if (!level.HasFirst(gone))
            levels.Remove(level);
        return entrant.Run;
    }

    private readonly record struct Entrant(WaitingRun Run, Account Account, bool Presses)
    {
        public bool IsBefore(Entrant other)
        {
            var order = Account.RoundedUse.CompareTo(other.Account.RoundedUse);
            if (order == 0)
                order = other.Presses.CompareTo(Presses);
            if (order == 0)
                order = Presses ? other.Run.Length.CompareTo(Run.Length) : Run.Length.CompareTo(other.Run.Length);
            return order != 0 ? order < 0 : (Run.Turn, Run.Number).CompareTo((other.Run.Turn, other.Run.Number)) < 0;
        }
    }

    /// <summary>Runs of one priority.</summary>
    private sealed class Level
    {
        private readonly PriorityQueue<WaitingRun, (DateTimeOffset, long)> byTurn;
        private readonly Dictionary<string, Account> accounts;
        private readonly SortedDictionary<double, HashSet<Account>> byUse = [];

        public Level(List<WaitingRun> runs, SubmitterShares shares)
        {
            byTurn = new(runs.Select(run => (run, (run.Turn, run.Number))));
            accounts = runs.GroupBy(run => run.Demand.Submitter, StringComparer.Ordinal).ToDictionary(
                account => account.Key, account => new Account(account.Key, [.. account]) { Used = shares.UseOf(account.Key) }, StringComparer.Ordinal);
            foreach (var account in accounts.Values)
                Enter(account);
        }

        public WaitingRun First => byTurn.Peek();

        public IEnumerable<Account> InOrderOfUse() => byUse.Values.SelectMany(accounts => accounts);

        public Account AccountOf(WaitingRun run) => accounts[run.Demand.Submitter];

        public bool HasFirst(HashSet<WaitingRun> gone) => Account.Peek(byTurn, gone) is not null;

        public void Charge(Account account, double seconds, HashSet<WaitingRun> gone)
        {
            var equals = byUse[account.RoundedUse];
            equals.Remove(account);
            if (equals.Count == 0)
                byUse.Remove(account.RoundedUse);

            account.Used += seconds;
            if (account.Shortest(gone) is not null)
                Enter(account);
        }

        private void Enter(Account account)
        {
            if (!byUse.TryGetValue(account.RoundedUse, out var equals))
                byUse[account.RoundedUse] = equals = [];

            equals.Add(account);
        }
    }

    /// <summary>Runs of one submitter and priority, and what is charged to it.</summary>
    private sealed class Account(string submitter, List<WaitingRun> runs)
    {
        private readonly PriorityQueue<WaitingRun, (float, DateTimeOffset, long)> shortest = new(runs.Select(run => (run, (run.Length, run.Turn, run.Number))));
        private readonly PriorityQueue<WaitingRun, (float, DateTimeOffset, long)> longest = new(runs.Select(run => (run, (-run.Length, run.Turn, run.Number))));

        public string Submitter => submitter;

        public double Used { get; set; }

        public double RoundedUse => Order.Rounded(Used);

        public WaitingRun? Shortest(HashSet<WaitingRun> gone) => Peek(shortest, gone);

        public WaitingRun? Longest(HashSet<WaitingRun> gone) => Peek(longest, gone);

        public static WaitingRun? Peek<TPriority>(PriorityQueue<WaitingRun, TPriority> runs, HashSet<WaitingRun> gone)
        {
            while (runs.TryPeek(out var run, out _))
            {
                if (!gone.Contains(run))
                    return run;

                runs.Dequeue();
            }

            return null;
        }
    }
}
