namespace LoadBalancer.Placement.Tests;

/// <summary>A planner beside a plain account of the same facts. After each step the two are compared.</summary>
internal sealed class World
{
    private static readonly TimeSpan AgingStep = TimeSpan.FromSeconds(2);

    private readonly Account account = new();
    private readonly bool runsAreUnlike;
    private readonly Planner planner;

    private World(int seed, bool runsAreUnlike)
    {
        this.runsAreUnlike = runsAreUnlike;
        var policies = new PolicySet([new BrokenPolicy()]);
        policies.Use("turns", PolicyNames.RoundRobin);
        policies.Use("broken", BrokenPolicy.Title);
        planner = new Planner(policies, account.Durations, new Random(seed), runsAreUnlike ? AgingStep : null);
    }

    public List<Plan> Plans { get; } = [];

    /// <param name="steps">What happens.</param>
    /// <param name="seed">Of the planner's chance.</param>
    /// <param name="runsAreUnlike">In length or submitter, which may change their order as far as it is promised.</param>
    public static World After(IEnumerable<Step> steps, int seed = 1, bool runsAreUnlike = false)
    {
        var world = new World(seed, runsAreUnlike);
        foreach (var step in steps)
            world.Take(step);

        return world;
    }

    /// <summary>After a full plan, what still waits is blocked by something, and no worker is left at the end of its funnel.</summary>
    public void CheckExplanations()
    {
        var plan = CheckOf(Plans[^1]);
        var impossible = Plans[^1].Impossible.ToDictionary(run => run.RunId, run => run.Reason);
        foreach (var demand in account.Waiting.Values.Where(demand => !plan.HasFailed(demand)))
        {
            var explanation = planner.Explain(demand, account.Now);
            Assert.NotNull(explanation.Blocker);
            Assert.Equal(account.Fleet.Count, explanation.Funnel[0].Workers);
            Assert.Equal(account.Capable(demand).Count, explanation.FeasibleWorkers);
            if (account.IsDue(demand) && account.KeysAreFree(demand) && Plans[^1].Kept.Count == 0 && !plan.IsHeldBack(demand) && !plan.LeavesKey(demand))
                Assert.Equal(0, explanation.Funnel[^1].Workers);

            if (impossible.TryGetValue(demand.RunId, out var reason))
                Assert.Equal($"can never run as things are: {reason}", explanation.Verdict);
        }
    }

    /// <summary>Whatever relaxation is named for a waiting run starts it in the next pass, everything else being as it is.</summary>
    public void CheckRelaxation(int position)
    {
        var left = account.Waiting.Values.Where(demand => !CheckOf(Plans[^1]).HasFailed(demand)).OrderBy(demand => demand.RunId).ToList();
        if (left.Count == 0 || planner.Explain(left[position % left.Count], account.Now).Relaxation is not { } relaxation)
            return;

        // What was noticed of workers since it came would be a further change.
        if (relaxation.Joining is null && account.IfSubmitted(relaxation.Demand).AvoidWorkers.Except(relaxation.Demand.AvoidWorkers).Any())
            return;

        foreach (var (key, limit) in relaxation.KeyLimits)
            planner.LimitKey(key, limit);
        if (relaxation.Joining is { } worker)
            planner.Register(worker);
        else
            planner.Submit(relaxation.Demand);

        var plan = planner.Plan(account.Now, int.MaxValue);
        Assert.True(
            plan.Decisions.Any(decision => decision.RunId == relaxation.Demand.RunId)
            || plan.PolicyFailures.Any(failure => failure.RunId == relaxation.Demand.RunId),
            $"'{relaxation.Text}' does not start it");
    }

    private void Take(Step step)
    {
        switch (step)
        {
            case Step.Submit(var demand) when !account.Holds(demand.RunId, demand.Attempt):
                Submit(demand);
                break;
            case Step.Withdraw(var position) when account.Waiting.Count > 0:
                var withdrawn = account.Waiting.Keys.Order().ElementAt(position % account.Waiting.Count);
                Assert.True(planner.Withdraw(withdrawn));
                account.Waiting.Remove(withdrawn);
                break;
            case Step.Register(var worker):
                planner.Register(worker);
                account.Fleet[worker.WorkerId] = worker;
                break;
            case Step.Forget(var workerId):
                planner.Forget(workerId);
                account.Fleet.Remove(workerId);
                break;
            case Step.LimitKey(var key, var limit):
                planner.LimitKey(key, limit);
                account.Limits[key] = limit;
                break;
            case Step.Restore(var reservation) when !account.Holds(reservation.RunId, reservation.Attempt):
                planner.Restore(reservation);
                account.Held.Add(reservation);
                break;
            case Step.Release(var position) when account.Held.Count > 0:
                Release(account.Held[position % account.Held.Count]);
                break;
            case Step.TakeBack(var position) when account.Placed.Count > 0:
                TakeBack(account.Placed[position % account.Placed.Count]);
                break;
            case Step.Start(var position) when account.Placed.Count > 0:
                var started = account.Placed[position % account.Placed.Count];
                planner.Started(started.RunId, started.Attempt);
                break;
            case Step.Learn(var outcomes):
                foreach (var outcome in outcomes)
                    account.Durations.Learn(outcome);
                break;
            case Step.Share(var submitter, var weight):
                planner.Share(submitter, weight);
                break;
            case Step.MakePlan(var most, var later):
                MakePlan(most, later);
                break;
        }

        Assert.Equal(account.Waiting.Count, planner.Waiting);
        foreach (var worker in account.Fleet.Keys)
            Assert.Equal(account.On(worker).ToHashSet(), planner.ReservationsOn(worker).ToHashSet());
    }

    private void Submit(TestDemand demand)
    {
        planner.Submit(demand);
        account.Waiting[demand.RunId] = account.IfSubmitted(demand);
    }

    private void Release(Reservation reservation)
    {
        Assert.False(planner.Release(reservation.RunId, reservation.Attempt + 10), "only the owner releases");
        Assert.True(planner.Release(reservation.RunId, reservation.Attempt));
        Assert.False(planner.Release(reservation.RunId, reservation.Attempt), "a release is idempotent");
        account.Held.Remove(reservation);
    }

    private void TakeBack(TestDemand demand)
    {
        account.Placed.Remove(demand);
        if (account.Held.Find(entry => entry.RunId == demand.RunId && entry.Attempt == demand.Attempt) is not { } reservation)
            return;

        Release(reservation);
        Submit(demand);
    }

    private void MakePlan(int most, TimeSpan later)
    {
        account.Now += later;
        var plan = planner.Plan(account.Now, most);
        Plans.Add(plan);
        Assert.True(plan.Decisions.Count <= most);
        CheckOf(plan).All(isFull: plan.Decisions.Count < most, demand => planner.Explain(demand, account.Now).Verdict);
    }

    private PlanCheck CheckOf(Plan plan) => new(account, Plans, plan, runsAreUnlike ? AgingStep : null);

    /// <summary>Breaks its promise on every other run.</summary>
    private sealed class BrokenPolicy : IPlacementPolicy
    {
        public const string Title = "broken";

        public string Name => Title;

        public PolicyChoice Choose(PlacementContext context) =>
            context.Demand.RunId.ToByteArray()[0] % 2 == 0
                ? throw new InvalidOperationException("on purpose")
                : new PolicyChoice([new RankedWorker(context.Candidates[^1].Worker.WorkerId, new Dictionary<string, double>(), "last")]);
    }
}
