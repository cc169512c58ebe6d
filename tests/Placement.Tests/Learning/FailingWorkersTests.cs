namespace LoadBalancer.Placement.Tests;

/// <summary>Workers that fail against workers whose true rate of failures is known.</summary>
public sealed class FailingWorkersTests
{
    private const int Seeds = 200;
    private const int Tests = 40;
    private const double UsualRate = 0.05;

    private static readonly string[] Workers = ["bad", "b", "c", "d", "e", "f", "g", "h"];

    [Fact]
    public void A_worker_that_fails_six_times_as_often_is_noticed_within_150_of_its_runs_in_95_of_100_fleets()
    {
        var seen = Enumerable.Range(1, Seeds).Count(seed => Run(seed, runsEach: 150, badRate: 0.3).Noticed.Contains("bad"));

        Assert.True(seen >= 0.95 * Seeds, $"{seen} of {Seeds}");
    }

    [Fact]
    public void A_fair_worker_is_accused_in_at_most_2_of_100_fleets()
    {
        var accused = 0;
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var ever = false;
            Run(seed, runsEach: 300, badRate: UsualRate, failing => ever |= failing.ExcessOn("bad") > 0);
            accused += ever ? 1 : 0;
        }

        Assert.True(accused <= 0.02 * Seeds, $"{accused} of {Seeds}");
    }

    [Fact]
    public void Nobody_else_is_accused_for_the_worker_that_fails()
    {
        var accused = Enumerable.Range(1, Seeds).Sum(seed => Run(seed, runsEach: 150, badRate: 0.3).Noticed.Count(worker => worker != "bad"));

        Assert.True(accused <= 0.02 * Seeds * (Workers.Length - 1), $"{accused}");
    }

    [Fact]
    public void What_is_learned_is_how_much_more_often_tests_fail_there()
    {
        var excess = Enumerable.Range(1, Seeds).Average(seed => Run(seed, runsEach: 300, badRate: 0.3).ExcessOn("bad"));

        Assert.InRange(excess, 0.15, 0.30);
    }

    [Fact]
    public void A_test_that_fails_everywhere_accuses_nobody()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            // Half of the tests fail always, and one worker gets little else.
            var (random, failing) = (new Random(seed), new FailingWorkers(1000));
            for (var run = 0; run < 4000; run++)
            {
                var worker = Workers[random.Next(Workers.Length)];
                var broken = random.NextDouble() < (worker == "bad" ? 0.9 : 0.4);
                var test = random.Next(Tests);
                Learn(failing, broken ? $"broken{test}" : $"t{test}", worker, broken || random.NextDouble() < UsualRate);
                Assert.Empty(failing.Noticed);
            }
        }
    }

    [Fact]
    public void A_change_that_breaks_many_tests_at_once_accuses_nobody()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var (random, failing) = (new Random(seed), new FailingWorkers(1000));
            for (var run = 0; run < 6000; run++)
            {
                var test = random.Next(Tests);
                Learn(failing, $"t{test}", Workers[random.Next(Workers.Length)], (run > 3000 && test < 20) || random.NextDouble() < UsualRate);
                Assert.Empty(failing.Noticed);
            }
        }
    }

    [Fact]
    public void A_test_that_was_hardly_run_elsewhere_says_nothing()
    {
        var failing = new FailingWorkers(1000);
        for (var test = 0; test < 100; test++)
        {
            Learn(failing, $"t{test}", "b", false);
            Learn(failing, $"t{test}", "bad", true);
        }

        Assert.Empty(failing.Noticed);
    }

    [Fact]
    public void A_worker_that_was_repaired_is_cleared()
    {
        var failing = Run(seed: 1, runsEach: 150, badRate: 0.4);
        Assert.Contains("bad", failing.Noticed);

        Run(seed: 2, runsEach: 200, badRate: UsualRate, failing: failing);

        Assert.False(failing.Any);
    }

    [Fact]
    public void A_further_attempt_avoids_a_worker_that_was_noticed_while_another_is_capable()
    {
        var durations = new DurationModel();
        Run(seed: 1, runsEach: 150, badRate: 0.4, learn: durations.Learn);
        Assert.Contains("bad", durations.Failing.Noticed);
        var planner = Given.Planner(durations: durations);
        planner.Register(Given.Worker("bad"), Given.Worker("b"));
        planner.Restore(Given.Reservation("b"));

        var retry = planner.Submitted(Given.Demand() with { Attempt = 2 });
        Assert.Empty(planner.Plan(Given.Noon, 10).Decisions);

        planner.Forget("b");
        Assert.Equal(retry.RunId, Assert.Single(planner.Plan(Given.Noon, 10).Decisions).RunId);
    }

    [Fact]
    public void What_is_noticed_of_a_worker_later_is_no_reason_why_a_run_waits()
    {
        var durations = new DurationModel();
        var planner = Given.Planner(durations: durations);
        planner.Register(Given.Worker("bad"), Given.Worker("b"));
        planner.Restore(Given.Reservation("bad"));
        planner.Restore(Given.Reservation("b"));
        var retry = planner.Submitted(Given.Demand() with { Attempt = 2 });

        Run(seed: 1, runsEach: 150, badRate: 0.4, learn: durations.Learn);

        Assert.Contains("bad", durations.Failing.Noticed);
        Assert.DoesNotContain(planner.Explain(retry, Given.Noon).Funnel, step => step.Name == "avoided");
        planner.Register(Given.Worker("bad", slots: 2));
        Assert.Equal(["bad"], planner.PlaceAll());
    }

    [Fact]
    public void A_first_attempt_goes_there_only_if_no_other_is_free()
    {
        var durations = new DurationModel();
        Run(seed: 1, runsEach: 150, badRate: 0.4, learn: durations.Learn);
        var planner = Given.Planner(durations: durations);
        planner.Register(Given.Worker("bad"), Given.Worker("b"));
        planner.Submit(Given.Demand());
        planner.Submit(Given.Demand());

        Assert.Equal(["b", "bad"], planner.PlaceAll());
    }

    private static FailingWorkers Run(int seed, int runsEach, double badRate, Action<FailingWorkers>? afterEach = null, FailingWorkers? failing = null)
    {
        failing ??= new FailingWorkers(1000);
        Run(seed, runsEach, badRate, outcome =>
        {
            failing.Learn(outcome);
            afterEach?.Invoke(failing);
        });
        return failing;
    }

    /// <summary>Every worker runs tests by chance; each test has a rate of its own, 0.05 on average.</summary>
    private static void Run(int seed, int runsEach, double badRate, Action<RunOutcome> learn)
    {
        var random = new Random(seed);
        for (var run = 0; run < runsEach * Workers.Length; run++)
        {
            var worker = Workers[run % Workers.Length];
            var test = random.Next(Tests);
            var rate = (worker == "bad" ? badRate : UsualRate) * 2 * (test + 0.5) / Tests;
            learn(Outcome($"t{test}", worker, random.NextDouble() < rate));
        }
    }

    private static void Learn(FailingWorkers failing, string test, string worker, bool failed) => failing.Learn(Outcome(test, worker, failed));

    private static RunOutcome Outcome(string test, string worker, bool failed) =>
        Given.Passed(30, testId: test) with { WorkerId = worker, Verdict = failed ? RunVerdict.Failed : RunVerdict.Passed };
}
