namespace LoadBalancer.Placement;

/// <summary>
/// Predicts how long a run will take from the runs before it. Durations are taken as log-normal. What is known of a test on a class of
/// workers is shrunk towards what the test takes elsewhere, made comparable by the speeds of the classes; that towards what the submitter
/// expects, or else towards its model, family, type and all tests, the narrower the more believed (empirical Bayes; Gelman et al., Bayesian
/// Data Analysis, ch. 5). How far a forecast may be wrong is learned in the same way, from how far earlier ones were.
/// A run that was killed at its timeout, or with its worker, would have taken longer: it counts as what is to be expected of one that takes
/// at least as long (one step of expectation maximisation for a censored sample). Failed and cancelled runs teach nothing: they may have
/// ended early.
/// Learning is a fold over outcomes in their order: the same outcomes give the same model. Memory is bounded; what was not seen for longest
/// is forgotten first.
/// </summary>
/// <param name="capacity">Tests remembered; for each of models, families and test types as many again.</param>
public sealed class DurationModel(int capacity = 50_000)
{
    // Worth in samples of what is believed without a level's own samples.
    private const double PriorOfLevel = 2, PriorOfTest = 1, PriorOfPair = 1, PriorOfSpread = 5, PriorOfOptimism = 5;

    private const double UsualVariance = 0.09, VarianceBetweenTests = 1, UsualVarianceBetweenClasses = 0.25, VarianceOfExpectation = 0.25;
    private const double ShortestSeconds = 0.001;

    private static readonly double Unknown = Math.Log(60);

    private readonly BoundedMemory<string, TestHistory> tests = new(capacity);
    private readonly BoundedMemory<string, LogMean> levels = new(3 * capacity);
    private readonly ClassSpeeds speeds = new(3 * capacity);
    private readonly FailingWorkers failing = new(capacity);
    private readonly WarmWorkers warm = new(capacity);
    private LogMean everything;
    private LogMean optimism;
    private LogSpread usual;
    private LogSpread unlike;
    private LogSpread guesses;

    /// <summary>Outcomes seen.</summary>
    public long Learned { get; private set; }

    /// <summary>Workers on which tests fail that pass elsewhere, from the same outcomes.</summary>
    internal FailingWorkers Failing => failing;

    /// <summary>Workers that are prepared for a workspace or model, from the same outcomes.</summary>
    internal WarmWorkers Warm => warm;

    public void Learn(RunOutcome outcome)
    {
        Learned++;
        failing.Learn(outcome);
        warm.Learn(outcome, Residual(outcome));
        var seconds = Math.Max(outcome.Duration.TotalSeconds, ShortestSeconds);
        switch (outcome.Verdict)
        {
            case RunVerdict.Passed:
                Learn(outcome, Math.Log(seconds), surprise: null);
                break;
            case RunVerdict.TimedOut or RunVerdict.Lost when outcome.Duration > TimeSpan.Zero:
                LearnAtLeast(outcome, Math.Log(seconds));
                break;
        }
    }

    /// <summary>The seconds of the median on each kind of worker.</summary>
    internal void Predict(TestDemand demand, IReadOnlyList<WorkerKind> kinds, Span<float> seconds)
    {
        var subject = Subject.Of(demand);
        var known = KnownOf(subject, Believed(LogOf(demand.ExpectedDuration), subject));
        for (var kind = 0; kind < kinds.Count; kind++)
        {
            var first = kinds[kind].FirstOfClass;
            seconds[kind] = first < kind
                ? seconds[first]
                : (float)DurationForecast.TimeOf(LogMedian(known, subject, kinds[kind].Class)).TotalSeconds;
        }
    }

    public DurationForecast Predict(TestDemand demand, string workerClass)
    {
        var subject = Subject.Of(demand);
        return Predict(subject, workerClass, Believed(LogOf(demand.ExpectedDuration), subject));
    }

    private DurationForecast Predict(Subject subject, string workerClass, double? expected)
    {
        var known = KnownOf(subject, expected);
        var median = LogMedian(known, subject, workerClass);
        if (known.Test is not { } test)
        {
            var unknown = expected is null ? VarianceBetweenTests : guesses.Variance(VarianceOfExpectation, PriorOfSpread);
            return new DurationForecast(median, Math.Sqrt(UsualSpread + unknown), PriorOfSpread);
        }

        var pair = test.On(workerClass);
        var (ofTest, ofPair) = (PriorOfTest / (known.Level.Weight + PriorOfTest), PriorOfPair / (pair.Weight + PriorOfPair));
        var variance = test.Spread.Variance(UsualSpread, PriorOfSpread);
        var doubt = (ofPair * ofPair * unlike.Variance(UsualVarianceBetweenClasses, PriorOfSpread)) + (ofTest * ofTest * VarianceBetweenTests);
        return new DurationForecast(
            median,
            Math.Sqrt((variance * (1 + (1 / (pair.Weight + PriorOfPair)))) + doubt),
            PriorOfSpread + test.Spread.Weight);
    }

    private Known KnownOf(Subject subject, double? expected)
    {
        var test = tests[subject.Test];
        var level = test?.Level(other => speeds.On(other, subject.Model, subject.Family)) ?? default;
        return new Known(test, expected ?? PriorOf(subject), level);
    }

    private double LogMedian(Known known, Subject subject, string workerClass)
    {
        var slowness = speeds.On(workerClass, subject.Model, subject.Family);
        return known.Test is { } test
            ? test.On(workerClass).ShrunkTo(known.Level.ShrunkTo(known.Prior, PriorOfTest) + slowness, PriorOfPair)
            : known.Prior + slowness;
    }

    private static double? LogOf(TimeSpan? expected) => expected is { } given && given > TimeSpan.Zero ? Math.Log(given.TotalSeconds) : null;

    /// <summary>
    /// What is believed after a submitter's guess: corrected by how optimistic guesses are, and drawn towards what such tests take, since of
    /// many guesses the greatest are mostly too great (regression towards the mean).
    /// </summary>
    private double? Believed(double? guess, Subject subject)
    {
        if (guess is not { } given)
            return null;

        if (everything.Weight <= 0)
            return given;

        var variance = VarianceBetweenTests * (1 + (1 / everything.Weight));
        var trust = variance / (variance + guesses.Variance(VarianceOfExpectation, PriorOfSpread));
        return (trust * (given + optimism.ShrunkTo(0, PriorOfOptimism))) + ((1 - trust) * PriorOf(subject));
    }

    private double UsualSpread => usual.Variance(UsualVariance, PriorOfSpread);

    /// <summary>The logarithm of how many times as long it took as its own earlier runs on the class promised; null without any.</summary>
    private double? Residual(RunOutcome outcome)
    {
        if (outcome.Verdict != RunVerdict.Passed || outcome.WorkerId.Length == 0 || outcome.ModelId.Length == 0
            || tests[outcome.TestId]?.On(outcome.WorkerClass) is not { Weight: > 0 })
        {
            return null;
        }

        var forecast = Predict(Subject.Of(outcome), outcome.WorkerClass, expected: null);
        return Math.Log(Math.Max(outcome.Duration.TotalSeconds, ShortestSeconds)) - forecast.LogMedian;
    }

    /// <summary>What is believed of a test that was never seen.</summary>
    private double PriorOf(Subject subject)
    {
        var prior = everything.Weight > 0 ? everything.ShrunkTo(Unknown, PriorOfLevel) : Unknown;
        foreach (var name in subject.Levels)
            prior = levels[name].ShrunkTo(prior, PriorOfLevel);
        return prior;
    }

    private void Learn(RunOutcome outcome, double logarithm, double? surprise)
    {
        var subject = Subject.Of(outcome);
        LearnSpread(subject, outcome.WorkerClass, logarithm, surprise);
        LearnSpeed(subject, outcome.WorkerClass, logarithm, LogOf(outcome.ExpectedDuration));
        tests.Change(subject.Test, test =>
        {
            test.Learn(outcome.WorkerClass, logarithm);
            return test;
        });
        var comparable = logarithm - speeds.On(outcome.WorkerClass, subject.Model, subject.Family);
        everything = everything.After(comparable);
        foreach (var name in subject.Levels)
            levels.Change(name, mean => mean.After(comparable));
    }

    /// <summary>How far it lies from the mean of those before it, made as wide as it would be from the true mean.</summary>
    private void LearnSpread(Subject subject, string workerClass, double logarithm, double? surprise)
    {
        if (tests[subject.Test] is not { } test)
            return;

        if (test.On(workerClass) is not { Weight: > 0 } pair)
        {
            LearnUnlike(test, subject, workerClass, logarithm);
            return;
        }

        var difference = logarithm - pair.Mean;
        var square = surprise ?? (difference * difference / (1 + (1 / pair.Weight)));
        test.LearnSpread(square);
        usual = usual.After(square);
    }

    /// <summary>How far a test's first time on a class lies from what its times elsewhere and the speed of the class promise.</summary>
    private void LearnUnlike(TestHistory test, Subject subject, string workerClass, double logarithm)
    {
        var level = test.Level(other => speeds.On(other, subject.Model, subject.Family));
        var difference = logarithm - level.Mean - speeds.On(workerClass, subject.Model, subject.Family);
        unlike = unlike.After(Math.Max(0, (difference * difference) - (UsualSpread * (1 + (1 / level.Weight)))));
    }

    /// <summary>Against the same test elsewhere, or for one that was not seen elsewhere against what its submitter expects of it.</summary>
    private void LearnSpeed(Subject subject, string workerClass, double logarithm, double? expected)
    {
        if (expected is { } guess)
        {
            var comparable = logarithm - speeds.On(workerClass, subject.Model, subject.Family);
            guesses = guesses.After(Math.Pow(comparable - guess - optimism.Mean, 2));
            if (tests[subject.Test] is null)
                speeds.Learn(workerClass, subject.Model, subject.Family, logarithm - Believed(guess, subject)!.Value, new ComparisonWeight(1, 1));
            optimism = optimism.After(comparable - guess);
        }

        if (tests[subject.Test]?.Level(other => speeds.On(other, subject.Model, subject.Family), without: workerClass) is { Weight: > 0 } elsewhere)
        {
            // What was seen elsewhere dozens of outcomes ago is less and less of a comparison.
            var current = Math.Min(1, 2 * elsewhere.Weight);
            speeds.Learn(
                workerClass, subject.Model, subject.Family, logarithm - elsewhere.Mean,
                new ComparisonWeight(current / (1 + tests[subject.Test]!.On(workerClass).Weight), current));
        }
    }

    private void LearnAtLeast(RunOutcome outcome, double logarithm)
    {
        var forecast = Predict(Subject.Of(outcome), outcome.WorkerClass, expected: null);
        var bound = (logarithm - forecast.LogMedian) / forecast.LogSpread;
        // That it takes longer than a small part of its usual time says nothing.
        if (bound < -1)
            return;

        var (mean, square) = Truncated.Above(bound);
        var variance = forecast.LogSpread * forecast.LogSpread;
        Learn(outcome, forecast.LogMedian + (mean * forecast.LogSpread), Math.Min(square * variance, variance * 4));
    }

    /// <summary>The names under which a run teaches. A test without a model says nothing about other tests without one.</summary>
    private readonly record struct Subject(string Test, string Model, string Family, string Type)
    {
        /// <summary>From wide to narrow.</summary>
        public IEnumerable<string> Levels
        {
            get
            {
                if (Type.Length > 0)
                    yield return $"t\0{Type}";
                if (Family.Length > 0)
                    yield return $"f\0{Family}";
                if (Model.Length > 0)
                    yield return $"m\0{Model}";
            }
        }

        public static Subject Of(TestDemand demand) => new(demand.TestId, demand.ModelId, demand.ModelFamily, demand.TestType);

        public static Subject Of(RunOutcome outcome) => new(outcome.TestId, outcome.ModelId, outcome.ModelFamily, outcome.TestType);
    }

    /// <summary>What is known of a test whatever the class: its own history, what is believed without it, and its level in it.</summary>
    private readonly record struct Known(TestHistory? Test, double Prior, LogMean Level);
}
