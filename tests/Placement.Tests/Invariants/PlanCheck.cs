namespace LoadBalancer.Placement.Tests;

/// <summary>What every plan promises, against a plain account of the facts on which it was made.</summary>
/// <param name="account">The facts; decisions are entered as they are checked.</param>
/// <param name="plan">The plan.</param>
/// <param name="agingStep">Of a planner whose runs are unlike in length or submitter; null where all are alike and only rank counts.</param>
internal sealed class PlanCheck(Account account, IReadOnlyList<Plan> earlier, Plan plan, TimeSpan? agingStep)
{
    private static readonly TimeSpan UsualStep = Planner.UsualAgingStep;

    private readonly HashSet<Guid> failed = [.. plan.PolicyFailures.Select(failure => failure.RunId)];

    private TimeSpan Step => agingStep ?? UsualStep;

    public bool HasFailed(TestDemand demand) => failed.Contains(demand.RunId);

    public bool IsHeldBack(TestDemand demand) => plan.HeldBack.Any(held => held.RunId == demand.RunId);

    /// <summary>Whether it leaves a key to a run that came so much earlier that it may not be overtaken.</summary>
    public bool LeavesKey(TestDemand demand) => plan.LeftKeys.Any(left =>
        demand.ConcurrencyKeys.Contains(left.Key) && demand.SubmittedAt > left.After);

    /// <param name="isFull">Whether all was placed that could be.</param>
    /// <param name="explain">Why a run waits.</param>
    public void All(bool isFull, Func<TestDemand, string> explain)
    {
        Assert.All(plan.Decisions, CheckDecision);
        var due = account.Due.ToList();
        var impossible = due.Where(demand => account.Capable(demand).Count == 0);
        Assert.Equal(impossible.Select(demand => demand.RunId).Order(), plan.Impossible.Select(run => run.RunId).Order());
        var nextDue = account.Waiting.Values.Where(demand => demand.NotBefore > account.Now).Min(demand => demand.NotBefore);
        Assert.True(nextDue is null || plan.WakeAt <= nextDue, "a plan says when the next run becomes due");
        Assert.All(plan.PolicyFailures, failure => Assert.Equal("broken", account.Waiting[failure.RunId].TestType));
        // Whose turn it is among runs that are unlike, and who waits for whom, is more than this account knows.
        if (agingStep is not null)
            return;

        foreach (var winner in plan.Decisions.Select(decision => account.Placed.FindLast(demand => demand.RunId == decision.RunId)!))
        {
            CheckAge(winner, due);
            CheckRank(winner, due);
        }

        if (!isFull)
            return;

        CheckKept(due);
        CheckHeldBack();
        CheckLeftKeys(due);
        Assert.All(due.Where(demand => !HasFailed(demand)), demand => CheckNothingIdlesFor(demand, explain));
    }

    private void CheckDecision(Decision decision)
    {
        var demand = account.Waiting[decision.RunId];
        var worker = account.Fleet[decision.WorkerId];
        var needs = demand.Requirements;
        Assert.True(worker.Accepting, "only an accepting worker gets work");
        Assert.True(Rules.IsCapable(worker, needs), "requirements are never violated");
        Assert.True(account.Allowed(demand).Contains(worker), "a worker to avoid is used only if no other that takes work is capable");
        Assert.True(account.KeysAreFree(demand), "keys are never over their limit");

        var reservation = decision.Reservation;
        Assert.Equal((demand.RunId, demand.Attempt, worker.WorkerId), (reservation.RunId, reservation.Attempt, reservation.WorkerId));
        Assert.Equal((needs.MemoryGb, needs.CpuCores, needs.DiskGb), (reservation.MemoryGb, reservation.CpuCores, reservation.DiskGb));
        Assert.Equal(demand.ConcurrencyKeys.Distinct(), reservation.Keys);
        Assert.True(Rules.DevicesSuffice(worker, needs, reservation.Devices), "all devices or none are reserved");

        account.Place(demand, reservation);
        Assert.True(Rules.FitsIn(worker, account.On(worker.WorkerId), reservation), "reservations never exceed what a worker has");
    }

    /// <summary>Of runs that are alike in length and ask for the same, none is overtaken by one of lower rank, unless a worker was kept for that.</summary>
    private void CheckRank(TestDemand winner, List<TestDemand> due)
    {
        if (earlier.Any(plan => plan.Kept.Any(kept => kept.ForRun == winner.RunId)))
            return;

        var overtaken = due.Find(left =>
            !HasFailed(left)
            && (left.Priority, left.SubmittedAt).CompareTo((winner.Priority, winner.SubmittedAt)) < 0
            && SameRequirements.Comparer.Equals(left.Requirements, winner.Requirements)
            && left.ConcurrencyKeys.Count == 0
            && left.AvoidWorkers.Count == 0);
        Assert.True(overtaken is null, $"run {winner.RunId} overtakes run {overtaken?.RunId}");
    }

    /// <summary>Nothing takes the place of a run that came more than four aging steps before it, unless that is kept off it for another.</summary>
    private void CheckAge(TestDemand winner, List<TestDemand> due)
    {
        var taken = account.Held.Single(entry => entry.RunId == winner.RunId && entry.Attempt == winner.Attempt);
        var worker = account.Fleet[taken.WorkerId];
        var before = account.Without(taken);
        var overtaken = due.Find(left =>
            !HasFailed(left)
            && MayNotOvertake(winner, left)
            && before.KeysAreFree(left)
            && !MustLeaveKey(left, due)
            && before.Allowed(left).Contains(worker)
            && before.HasFree(worker, left)
            && !IsKeptFrom(worker, left));
        Assert.True(overtaken is null, $"run {winner.RunId} takes on {worker.WorkerId} the place of run {overtaken?.RunId}, which came much earlier");
    }

    private bool MayNotOvertake(TestDemand later, TestDemand earlier) => later.SubmittedAt > earlier.SubmittedAt + (4 * Step);

    private DateTimeOffset TurnOf(TestDemand demand) => demand.SubmittedAt + (demand.Priority * Step);

    /// <summary>Whether a key of it is wanted by a run that it may not overtake and that could run.</summary>
    private bool MustLeaveKey(TestDemand demand, List<TestDemand> due) => demand.ConcurrencyKeys.Any(key => due.Exists(patient =>
        patient.ConcurrencyKeys.Contains(key) && MayNotOvertake(demand, patient) && account.CouldRun(patient)));

    /// <summary>A worker is kept only for a run that waits, may go, and does not fit there yet.</summary>
    private void CheckKept(List<TestDemand> due)
    {
        Assert.True(plan.Kept.DistinctBy(kept => kept.WorkerId).Count() == plan.Kept.Count, "a worker is kept for one run");
        foreach (var kept in plan.Kept)
        {
            var demand = Assert.Single(due, demand => demand.RunId == kept.ForRun);
            var worker = account.Fleet[kept.WorkerId];
            Assert.Contains(worker, account.Allowed(demand));
            Assert.True(account.KeysAreFree(demand), "a worker is kept for nobody who may not go");
            Assert.False(account.HasFree(worker, demand), "who fits takes what is kept for him");
        }
    }

    /// <summary>Where all are alike in length, there is nothing to wait for.</summary>
    private void CheckHeldBack() => Assert.Empty(plan.HeldBack);

    /// <summary>A key is left only to a run that waits, needs it, could run, and came much earlier than another that could have it.</summary>
    private void CheckLeftKeys(List<TestDemand> due)
    {
        Assert.True(plan.LeftKeys.DistinctBy(left => left.Key).Count() == plan.LeftKeys.Count, "a key is left to one run");
        foreach (var left in plan.LeftKeys)
        {
            var patient = Assert.Single(due, demand => demand.RunId == left.ForRun);
            Assert.Contains(left.Key, patient.ConcurrencyKeys);
            Assert.Equal(patient.SubmittedAt + (4 * Step), left.After);
            Assert.True(account.CouldRun(patient), "a key is left to nobody who could not run");
            Assert.False(HasFailed(patient) || IsHeldBack(patient), "a key is left to nobody who would not take it");
            Assert.Contains(due, later => later.ConcurrencyKeys.Contains(left.Key) && account.KeysAreFree(later) && MayNotOvertake(later, patient));
        }
    }

    /// <summary>No worker idles without a reason in the plan while a run that it could do waits.</summary>
    private void CheckNothingIdlesFor(TestDemand demand, Func<TestDemand, string> explain)
    {
        if (!account.KeysAreFree(demand) || IsHeldBack(demand) || LeavesKey(demand))
            return;

        var idle = account.Allowed(demand).Find(worker => account.HasFree(worker, demand) && !IsKeptFrom(worker, demand));
        Assert.True(idle is null, $"worker {idle?.WorkerId} idles while run {demand.RunId} waits: {explain(demand)}");
    }

    /// <summary>Whether the worker is kept for another run whose turn is not after that of this one.</summary>
    private bool IsKeptFrom(WorkerProfile worker, TestDemand demand) => plan.Kept.Any(kept =>
        kept.WorkerId == worker.WorkerId && kept.ForRun != demand.RunId && TurnOf(account.Waiting[kept.ForRun]) <= TurnOf(demand));
}
