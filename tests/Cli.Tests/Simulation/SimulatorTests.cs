using LoadBalancer.Cli.Simulation;
using LoadBalancer.Contracts;
using LoadBalancer.Placement;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Cli.Tests;

public sealed class SimulatorTests
{
    private static readonly double Delay = Simulator.StartDelay.TotalSeconds;
    private static readonly double Lease = Simulator.Lease.TotalSeconds;

    [Fact]
    public void A_run_starts_after_the_start_delay_and_takes_its_true_time()
    {
        var attempt = Assert.Single(Simulate([Traced(at: 12.5, seconds: 41)], [Worker()]).Attempts);

        Assert.Equal((12.5 + Delay, 12.5 + Delay + 41), Seconds(attempt));
        Assert.Equal(AttemptOutcome.Passed, attempt.Outcome);
    }

    [Fact]
    public void A_run_waits_for_the_end_of_what_holds_its_slot()
    {
        var result = Simulate([Traced(seconds: 10), Traced(seconds: 10)], [Worker()]);

        Assert.Equal([(Delay, Delay + 10), ((2 * Delay) + 10, (2 * Delay) + 20)], result.Attempts.Select(Seconds));
    }

    [Fact]
    public void Named_classes_have_their_own_time_and_others_the_time_at_speed_1_by_their_speed()
    {
        var times = new Dictionary<string, double> { ["own"] = 7, ["*"] = 30 };
        var result = Simulate(
            [Traced(), Traced()], [Worker("a") with { Class = "own", Speed = 5 }, Worker("b") with { Class = "other", Speed = 3 }], times: times);

        Assert.Equal([7, 10], result.Attempts.Select(attempt => attempt.Duration.TotalSeconds).Order());
    }

    [Fact]
    public void A_run_ends_at_its_timeout()
    {
        var result = Simulate([Traced(seconds: 100, test: test => test with { TimeoutSeconds = 30 })], [Worker()]);

        var attempt = Assert.Single(result.Attempts);
        Assert.Equal((AttemptOutcome.TimedOut, 30), (attempt.Outcome, attempt.Duration.TotalSeconds));
        Assert.Equal(RunState.Failed, result.Runs[0].State);
    }

    [Fact]
    public void A_failed_run_is_retried_elsewhere_as_often_as_it_may_and_fails_again()
    {
        var result = Simulate([Traced(passes: false, test: test => test with { Retries = 2 })], [Worker(count: 3)]);

        Assert.Equal([1, 2, 3], result.Attempts.Select(attempt => attempt.Decision.Attempt));
        Assert.Equal(3, result.Attempts.Select(attempt => attempt.Decision.WorkerId).Distinct().Count());
        Assert.All(result.Attempts.Skip(1).Zip(result.Attempts), pair => Assert.Equal(Delay, (pair.First.Start - pair.Second.End).TotalSeconds));
        Assert.Equal(RunState.Failed, result.Runs[0].State);
    }

    [Fact]
    public void A_worker_that_dies_is_believed_in_until_its_lease_ends_and_its_run_goes_elsewhere()
    {
        var dying = Worker("dying") with { LeavesAt = TimeSpan.FromSeconds(20) };
        var result = Simulate([Traced(seconds: 100)], [dying, Worker("later") with { JoinsAt = TimeSpan.FromSeconds(30) }]);

        Assert.Equal(["dying", "later"], result.Attempts.Select(attempt => attempt.Decision.WorkerId));
        Assert.Equal([AttemptOutcome.WorkerLost, AttemptOutcome.Passed], result.Attempts.Select(attempt => attempt.Outcome));
        Assert.Equal((Delay, 20 + Lease), Seconds(result.Attempts[0]));
        Assert.Equal(20 + Lease + Delay, result.Attempts[1].Start.TotalSeconds);
        Assert.Equal(RunState.Completed, result.Runs[0].State);
    }

    [Fact]
    public void What_was_handed_to_a_dead_worker_never_started_and_its_attempt_is_taken_again()
    {
        var dying = Worker("dying") with { LeavesAt = TimeSpan.FromSeconds(20) };
        var result = Simulate([Traced(at: 30)], [dying, Worker("later") with { JoinsAt = TimeSpan.FromSeconds(40) }]);

        var attempt = Assert.Single(result.Attempts);
        Assert.Equal(("later", 1, 20 + Lease + Delay), (attempt.Decision.WorkerId, attempt.Decision.Attempt, attempt.Start.TotalSeconds));
        Assert.Equal(2, result.Decisions);
    }

    [Fact]
    public void A_run_that_must_not_be_repeated_fails_with_its_worker()
    {
        var dying = Worker("dying") with { LeavesAt = TimeSpan.FromSeconds(20) };
        var result = Simulate([Traced(seconds: 100, test: test => test with { RequeueOnWorkerLoss = false })], [dying, Worker("later") with { JoinsAt = TimeSpan.FromSeconds(30) }]);

        Assert.Equal(RunState.Failed, result.Runs[0].State);
        Assert.Single(result.Attempts);
    }

    [Fact]
    public void Nothing_is_impossible_because_a_worker_comes_later()
    {
        var result = Simulate([Traced()], [Worker() with { JoinsAt = TimeSpan.FromSeconds(50) }]);

        Assert.Equal(50 + Delay, Assert.Single(result.Attempts).Start.TotalSeconds);
    }

    [Fact]
    public void What_nobody_could_ever_run_is_unschedulable_at_once()
    {
        var result = Simulate([Traced(test: test => test with { Requirements = new TestRequirements { MinimumMemoryGb = 1000 } }), Traced()], [Worker()]);

        Assert.Equal((RunState.Unschedulable, TimeSpan.Zero), (result.Runs[0].State, result.Runs[0].EndedAt));
        Assert.Equal(RunState.Completed, result.Runs[1].State);
    }

    [Fact]
    public void What_only_a_dead_worker_could_run_is_unschedulable_when_its_lease_ends()
    {
        var result = Simulate([Traced(seconds: 100)], [Worker() with { LeavesAt = TimeSpan.FromSeconds(20) }]);

        Assert.Equal((RunState.Unschedulable, 20 + Lease), (result.Runs[0].State, result.Runs[0].EndedAt!.Value.TotalSeconds));
    }

    [Fact]
    public void A_run_that_has_run_and_is_given_up_later_is_completed_by_its_last_end()
    {
        var failing = Traced(seconds: 10, passes: false, test: test => test with { Retries = 1 });
        var result = Simulate([failing], [Worker() with { LeavesAt = TimeSpan.FromSeconds(10 + (1.5 * Delay)) }]);

        Assert.Equal(RunState.Unschedulable, result.Runs[0].State);
        Assert.Equal(10 + Delay, Summarizing.Of(result, timing: false).MeanCompletionSeconds);
    }

    [Fact]
    public void Runs_of_a_key_exclude_each_other_up_to_its_limit()
    {
        var runs = Enumerable.Repeat(Traced(seconds: 10, test: test => test with { ConcurrencyKeys = ["license"] }), 4).ToArray();

        Assert.Equal(4 * (10 + Delay), Simulate(runs, [Worker(count: 4)]).Attempts[^1].End.TotalSeconds, 9);
        Assert.Equal(2 * (10 + Delay), Simulate(runs, [Worker(count: 4)], keys: new Dictionary<string, int> { ["license"] = 2 }).Attempts[^1].End.TotalSeconds, 9);
    }

    [Fact]
    public void A_run_that_does_not_start_in_its_queue_time_fails()
    {
        var result = Simulate([Traced(seconds: 100), Traced(at: 1, test: test => test with { QueueTimeoutSeconds = 10 })], [Worker()]);

        Assert.Equal((RunState.Failed, 11), (result.Runs[1].State, result.Runs[1].EndedAt!.Value.TotalSeconds));
        Assert.Single(result.Attempts);
    }

    [Fact]
    public void History_is_known_from_the_start()
    {
        FleetLine[] fleet = [Worker("slow") with { Class = "slow" }, Worker("fast") with { Class = "fast" }];
        var times = new Dictionary<string, double> { ["slow"] = 500, ["fast"] = 5 };
        var run = Traced() with { Actual = new ActualTimes(times, Passes: true) };
        var result = Simulate([run], fleet, history: [.. Enumerable.Repeat(run, 5)]);

        Assert.Equal("fast", Assert.Single(result.Attempts).Decision.WorkerId);
    }

    [Fact]
    public void Earlier_runs_on_any_class_are_lessons_for_each_class_that_the_line_does_not_name()
    {
        FleetLine[] fleet = [Worker("a") with { Class = "a" }, Worker("b") with { Class = "b", Speed = 4 }];
        var run = Traced(passes: true) with { Actual = new ActualTimes(new Dictionary<string, double> { ["elsewhere"] = 9, ["a"] = 3, ["*"] = 20 }, Passes: true) };

        var lessons = Lessons.Of([run], fleet).Select(lesson => (lesson.WorkerClass, lesson.Duration.TotalSeconds, lesson.Verdict));

        Assert.Equal([("elsewhere", 9, RunVerdict.Passed), ("a", 3, RunVerdict.Passed), ("b", 5, RunVerdict.Passed)], lessons);
    }

    private static SimulationResult Simulate(
        IReadOnlyList<TracedRun> runs, IReadOnlyList<FleetLine> fleet,
        IReadOnlyDictionary<string, double>? times = null, IReadOnlyDictionary<string, int>? keys = null, IReadOnlyList<TracedRun>? history = null)
    {
        var scenario = new Scenario
        {
            Trace = [.. runs.Select((run, index) => run with { Index = index, Actual = times is null ? run.Actual : run.Actual with { Seconds = times } })],
            Fleet = fleet,
            KeyLimits = keys ?? new Dictionary<string, int>(),
            History = history ?? [],
        };
        return Simulator.Run(scenario, PolicyNames.Adaptive, new FakeTimeProvider(), TestContext.Current.CancellationToken);
    }

    private static TracedRun Traced(double at = 0, double seconds = 10, bool passes = true, Func<SubmitTest, SubmitTest>? test = null)
    {
        var plain = new SubmitTest { TestId = "test" };
        return new TracedRun
        {
            Index = 0,
            At = TimeSpan.FromSeconds(at),
            Test = test?.Invoke(plain) ?? plain,
            Actual = new ActualTimes(new Dictionary<string, double> { ["*"] = seconds }, passes),
        };
    }

    private static FleetLine Worker(string id = "worker", int count = 1) => new()
    {
        WorkerId = id,
        Count = count,
        Class = "plain",
        Capabilities = new WorkerCapabilities { CpuCores = 4, MemoryGb = 16 },
    };

    private static (double Start, double End) Seconds(SimulatedAttempt attempt) => (attempt.Start.TotalSeconds, attempt.End.TotalSeconds);
}
