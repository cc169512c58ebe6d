namespace LoadBalancer.Placement;

/// <summary>
/// Predicts how long a run will take from the runs that passed: this test on this worker class, else this test on other classes, else
/// what the submitter expects, else its model, its model family, its test type, else a minute.
/// Only passed runs teach a duration. One that failed may have ended early, one that was cancelled, killed at its timeout or lost with
/// its worker did not end by itself; counting them would pull the estimate towards whatever went wrong.
/// Learning is a fold over outcomes in their order: the same outcomes give the same model. Memory is bounded; what was not seen for
/// longest is forgotten first.
/// </summary>
/// <param name="capacity">Tests remembered; for each of models, families and test types as many again.</param>
public sealed class DurationModel(int capacity = 50_000)
{
    private const int ClassesPerTest = 64;

    private static readonly TimeSpan Unknown = TimeSpan.FromSeconds(60);

    private readonly BoundedMemory<TestDurations> tests = new(capacity);
    private readonly BoundedMemory<LogMean> models = new(capacity);
    private readonly BoundedMemory<LogMean> families = new(capacity);
    private readonly BoundedMemory<LogMean> types = new(capacity);

    public void Learn(RunOutcome outcome)
    {
        if (outcome.Verdict != RunVerdict.Passed)
            return;

        tests.Change(outcome.TestId, test => test.After(outcome.WorkerClass, outcome.Duration));
        LearnNamed(models, outcome.ModelId, outcome.Duration);
        LearnNamed(families, outcome.ModelFamily, outcome.Duration);
        LearnNamed(types, outcome.TestType, outcome.Duration);
    }

    /// <summary>The typical duration, always above zero.</summary>
    public TimeSpan Predict(TestDemand demand, string workerClass)
    {
        var test = tests[demand.TestId];
        return test?.On(workerClass).Typical
            ?? test?.Everywhere.Typical
            ?? (demand.ExpectedDuration > TimeSpan.Zero ? demand.ExpectedDuration : null)
            ?? models[demand.ModelId].Typical
            ?? families[demand.ModelFamily].Typical
            ?? types[demand.TestType].Typical
            ?? Unknown;
    }

    /// <summary>A test without a model says nothing about other tests without one.</summary>
    private static void LearnNamed(BoundedMemory<LogMean> memory, string name, TimeSpan duration)
    {
        if (name.Length > 0)
            memory.Change(name, mean => mean.After(duration));
    }

    private sealed class TestDurations
    {
        private readonly BoundedMemory<LogMean> byClass = new(ClassesPerTest);

        public LogMean Everywhere { get; private set; }

        public LogMean On(string workerClass) => byClass[workerClass];

        public TestDurations After(string workerClass, TimeSpan duration)
        {
            byClass.Change(workerClass, mean => mean.After(duration));
            Everywhere = Everywhere.After(duration);
            return this;
        }
    }
}
