namespace LoadBalancer.Placement;

public sealed class DurationModel
{
    public void Learn(RunOutcome outcome) => throw new NotImplementedException();

    public TimeSpan Predict(TestDemand demand, string workerClass) => throw new NotImplementedException();
}
