namespace LoadBalancer.Placement.Tests;

/// <summary>
/// A planner beside a plain account of the same facts. After each step the two are compared; the account knows the rules only by
/// what is promised, not by how it is done.
/// </summary>
internal sealed class World
{
    private readonly Dictionary<string, WorkerProfile> fleet = [];
    private readonly Dictionary<Guid, TestDemand> waiting = [];
    private readonly List<Reservation> held = [];
    private readonly List<TestDemand> placed = [];
    private readonly Dictionary<string, int> limits = [];
    private readonly Planner planner;
    private DateTimeOffset now = Given.Noon;

    public World(int seed)
    {
        var policies = new PolicySet([new BrokenPolicy()]);
        policies.Use("turns", PolicyNames.RoundRobin);
        policies.Use("broken", BrokenPolicy.Title);
        planner = Given.Planner(policies, seed: seed);
    }

    public List<Plan> Plans { get; } = [];

    public static World After(IEnumerable<Step> steps, int seed = 1)
    {
        var world = new World(seed);
        foreach (var step in steps)
            world.Take(step);

        return world;
    }

    /// <summary>After a full plan, what still waits is blocked by something, and no worker is left at the end of its funnel.</summary>
    public void CheckExplanations()
    {
        var failed = Plans[^1].PolicyFailures.Select(failure => failure.RunId).ToHashSet();
        var impossible = Plans[^1].Impossible.ToDictionary(run => run.RunId, run => run.Reason);
        foreach (var demand in waiting.Values.Where(demand => !failed.Contains(demand.RunId)))
        {
            var explanation = planner.Explain(demand, now);
            Assert.NotNull(explanation.Blocker);
            Assert.Equal(fleet.Count, explanation.Funnel[0].Workers);
            Assert.Equal(fleet.Values.Count(worker => Rules.IsCapable(worker, demand.Requirements)), explanation.FeasibleWorkers);
            if (KeysAreFree(demand) && !(demand.NotBefore > now) && Plans[^1].Kept.Count == 0)
                Assert.Equal(0, explanation.Funnel[^1].Workers);

            if (impossible.TryGetValue(demand.RunId, out var reason))
                Assert.Equal($"can never run as things are: {reason}", explanation.Verdict);
        }
    }

    /// <summary>Whatever relaxation is named for a waiting run starts it in the next pass, everything else being as it is.</summary>
    public void CheckRelaxation(int position)
    {
        var failed = Plans[^1].PolicyFailures.Select(failure => failure.RunId).ToHashSet();
        var left = waiting.Values.Where(demand => !failed.Contains(demand.RunId)).OrderBy(demand => demand.RunId).ToList();
        if (left.Count == 0 || planner.Explain(left[position % left.Count], now).Relaxation is not { } relaxation)
            return;

        foreach (var (key, limit) in relaxation.KeyLimits)
            planner.LimitKey(key, limit);
        if (relaxation.Joining is { } worker)
            planner.Register(worker);
        planner.Submit(relaxation.Demand);

        var plan = planner.Plan(now, int.MaxValue);
        Assert.True(
            plan.Decisions.Any(decision => decision.RunId == relaxation.Demand.RunId)
            || plan.PolicyFailures.Any(failure => failure.RunId == relaxation.Demand.RunId),
            $"'{relaxation.Text}' does not start it");
    }

    private void Take(Step step)
    {
        switch (step)
        {
            case Step.Submit(var demand) when !Holds(demand.RunId, demand.Attempt):
                planner.Submit(demand);
                waiting[demand.RunId] = demand;
                break;
            case Step.Withdraw(var position) when waiting.Count > 0:
                var withdrawn = waiting.Keys.Order().ElementAt(position % waiting.Count);
                Assert.True(planner.Withdraw(withdrawn));
                waiting.Remove(withdrawn);
                break;
            case Step.Register(var worker):
                planner.Register(worker);
                fleet[worker.WorkerId] = worker;
                break;
            case Step.Forget(var workerId):
                planner.Forget(workerId);
                fleet.Remove(workerId);
                break;
            case Step.LimitKey(var key, var limit):
                planner.LimitKey(key, limit);
                limits[key] = limit;
                break;
            case Step.Restore(var reservation) when !Holds(reservation.RunId, reservation.Attempt):
                planner.Restore(reservation);
                held.Add(reservation);
                break;
            case Step.Release(var position) when held.Count > 0:
                Release(held[position % held.Count]);
                break;
            case Step.TakeBack(var position) when placed.Count > 0:
                TakeBack(placed[position % placed.Count]);
                break;
            case Step.MakePlan(var most, var later):
                now += later;
                Check(planner.Plan(now, most), most);
                break;
        }

        Assert.Equal(waiting.Count, planner.Waiting);
        foreach (var worker in fleet.Keys)
            Assert.Equal(On(worker).ToHashSet(), planner.ReservationsOn(worker).ToHashSet());
    }

    private void Release(Reservation reservation)
    {
        Assert.False(planner.Release(reservation.RunId, reservation.Attempt + 10), "only the owner releases");
        Assert.True(planner.Release(reservation.RunId, reservation.Attempt));
        Assert.False(planner.Release(reservation.RunId, reservation.Attempt), "a release is idempotent");
        held.Remove(reservation);
    }

    private void TakeBack(TestDemand demand)
    {
        placed.Remove(demand);
        if (held.Find(entry => entry.RunId == demand.RunId && entry.Attempt == demand.Attempt) is not { } reservation)
            return;

        Release(reservation);
        planner.Submit(demand);
        waiting[demand.RunId] = demand;
    }

    private void Check(Plan plan, int most)
    {
        Plans.Add(plan);
        Assert.True(plan.Decisions.Count <= most);
        foreach (var decision in plan.Decisions)
            CheckDecision(decision);

        var due = waiting.Values.Where(demand => demand.NotBefore is null || demand.NotBefore <= now).ToList();
        var impossible = due.Where(demand => !fleet.Values.Any(worker => Rules.IsCapable(worker, demand.Requirements)));
        Assert.Equal(impossible.Select(demand => demand.RunId).Order(), plan.Impossible.Select(run => run.RunId).Order());
        var nextDue = waiting.Values.Where(demand => demand.NotBefore > now).Min(demand => demand.NotBefore);
        Assert.True(nextDue is null || plan.WakeAt <= nextDue, "a plan says when the next run becomes due");
        Assert.All(plan.PolicyFailures, failure => Assert.Equal("broken", waiting[failure.RunId].TestType));

        if (plan.Decisions.Count < most)
        {
            CheckKept(plan, due);
            var failed = plan.PolicyFailures.Select(failure => failure.RunId).ToHashSet();
            Assert.All(due.Where(demand => !failed.Contains(demand.RunId)), demand => CheckNothingIdlesFor(demand, plan));
        }

        CheckOrder(plan, due);
    }

    private void CheckDecision(Decision decision)
    {
        var demand = waiting[decision.RunId];
        var worker = fleet[decision.WorkerId];
        var needs = demand.Requirements;
        Assert.True(worker.Accepting, "only an accepting worker gets work");
        Assert.True(Rules.IsCapable(worker, needs), "requirements are never violated");
        Assert.True(Allowed(demand).Contains(worker), "a worker to avoid is used only if no other that takes work is capable");
        Assert.True(KeysAreFree(demand), "keys are never over their limit");

        var reservation = decision.Reservation;
        Assert.Equal((demand.RunId, demand.Attempt, worker.WorkerId), (reservation.RunId, reservation.Attempt, reservation.WorkerId));
        Assert.Equal((needs.MemoryGb, needs.CpuCores, needs.DiskGb), (reservation.MemoryGb, reservation.CpuCores, reservation.DiskGb));
        Assert.Equal(demand.ConcurrencyKeys.Distinct(), reservation.Keys);
        Assert.True(Rules.DevicesSuffice(worker, needs, reservation.Devices), "all devices or none are reserved");

        held.Add(reservation);
        placed.Add(demand);
        waiting.Remove(demand.RunId);
        Assert.True(Rules.FitsIn(worker, On(worker.WorkerId), reservation), "reservations never exceed what a worker has");
    }

    private void CheckNothingIdlesFor(TestDemand demand, Plan plan)
    {
        if (KeysAreFree(demand))
        {
            Assert.DoesNotContain(
                Allowed(demand),
                worker => worker.Accepting
                    && Rules.HasFree(worker, On(worker.WorkerId), demand.Requirements)
                    && !plan.Kept.Any(kept => kept.WorkerId == worker.WorkerId && kept.ForRun != demand.RunId));
        }
    }

    /// <summary>A worker is kept only for a run that waits, may go, and does not fit there yet.</summary>
    private void CheckKept(Plan plan, List<TestDemand> due)
    {
        Assert.True(plan.Kept.DistinctBy(kept => kept.WorkerId).Count() == plan.Kept.Count, "a worker is kept for one run");
        foreach (var kept in plan.Kept)
        {
            var demand = Assert.Single(due, demand => demand.RunId == kept.ForRun);
            var worker = fleet[kept.WorkerId];
            Assert.Contains(worker, Allowed(demand));
            Assert.False(Rules.HasFree(worker, On(worker.WorkerId), demand.Requirements) && KeysAreFree(demand));
        }
    }

    /// <summary>Of runs that could take each other's place, none is overtaken by one of lower rank.</summary>
    private void CheckOrder(Plan plan, List<TestDemand> due)
    {
        var failed = plan.PolicyFailures.Select(failure => failure.RunId).ToHashSet();
        foreach (var winner in plan.Decisions.Select(decision => placed.FindLast(demand => demand.RunId == decision.RunId)!))
        {
            Assert.DoesNotContain(due, left =>
                !failed.Contains(left.RunId)
                && (left.Priority, left.SubmittedAt).CompareTo((winner.Priority, winner.SubmittedAt)) < 0
                && SameRequirements.Comparer.Equals(left.Requirements, winner.Requirements)
                && left.ConcurrencyKeys.Count == 0
                && left.AvoidWorkers.Count == 0);
        }
    }

    private bool Holds(Guid runId, int attempt) => held.Exists(entry => entry.RunId == runId && entry.Attempt == attempt);

    private List<Reservation> On(string workerId) => held.FindAll(entry => entry.WorkerId == workerId);

    private bool KeysAreFree(TestDemand demand) =>
        demand.ConcurrencyKeys.All(key => held.Count(entry => entry.Keys.Contains(key)) < limits.GetValueOrDefault(key, 1));

    private List<WorkerProfile> Allowed(TestDemand demand)
    {
        var capable = fleet.Values.Where(worker => Rules.IsCapable(worker, demand.Requirements)).ToList();
        var others = capable.FindAll(worker => !demand.AvoidWorkers.Contains(worker.WorkerId));
        return others.Exists(worker => worker.Accepting) ? others : capable;
    }

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
