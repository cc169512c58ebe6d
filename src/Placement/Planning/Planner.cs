namespace LoadBalancer.Placement;

public sealed class Planner(PolicySet policies, DurationModel durations, Random random)
{
    public int Waiting => throw new NotImplementedException();

    public void Submit(TestDemand demand) => throw new NotImplementedException();

    public bool Withdraw(Guid runId) => throw new NotImplementedException();

    public bool IsWaiting(Guid runId) => throw new NotImplementedException();

    public void Register(WorkerProfile worker) => throw new NotImplementedException();

    public void Forget(string workerId) => throw new NotImplementedException();

    public void LimitKey(string key, int limit) => throw new NotImplementedException();

    public void Restore(Reservation reservation) => throw new NotImplementedException();

    public bool Release(Guid runId, int attempt) => throw new NotImplementedException();

    public Plan Plan(DateTimeOffset now, int maxDecisions) => throw new NotImplementedException($"{policies}{durations}{random}");

    public WaitExplanation Explain(TestDemand demand, DateTimeOffset now) => throw new NotImplementedException();

    public IReadOnlyList<Reservation> ReservationsOn(string workerId) => throw new NotImplementedException();
}
